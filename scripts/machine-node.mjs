/** The machine's own Node: what a user of the package has, beside the one pinned for development. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { root } from './steps.mjs'

/** The first `node` on PATH that is not this project's own, and its version; undefined without one. */
export function machineNode() {
  const own = path.join(root, 'node_modules')
  const file = (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter((folder) => folder !== '' && !folder.startsWith(own))
    .map((folder) => path.join(folder, 'node'))
    .find((candidate) => existsSync(candidate))
  if (file === undefined) return undefined
  return { file, version: execFileSync(file, ['--version'], { encoding: 'utf8' }).trim() }
}
