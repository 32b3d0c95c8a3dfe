/**
 * `npm test` and `npm run demo` on a machine that has only Node 20 and npm: installs what is
 * missing, then runs scripts/<task>.mjs on the pinned Node. Plain JavaScript, no dependency.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const bin = path.join(root, 'node_modules', '.bin')
const pinnedNode = path.join(bin, process.platform === 'win32' ? 'node.cmd' : 'node')
const installed = path.join(root, 'node_modules', '.package-lock.json')

function isInstallCurrent() {
  if (!existsSync(installed) || !existsSync(pinnedNode)) return false
  return statSync(installed).mtimeMs >= statSync(path.join(root, 'package-lock.json')).mtimeMs
}

function run(command, args) {
  const env = { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH ?? ''}` }
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', env })
  if (result.error) console.error(`${command}: ${result.error.message}`)
  return result.status ?? 1
}

const [task = 'test', ...rest] = process.argv.slice(2)
if (!isInstallCurrent()) {
  console.log('installing what is missing (npm install) ...')
  // Not `npm ci`: it refuses a lock file without the optional packages of other platforms.
  const status = run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'])
  if (status !== 0) process.exit(status)
}
process.exit(run(pinnedNode, [path.join(root, 'scripts', `${task}.mjs`), ...rest]))
