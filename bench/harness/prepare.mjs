/** Brings the machine into the state a benchmark needs: peers installed, Foundation built. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { benchFolder } from './fleet.mjs'

const root = path.dirname(benchFolder)
const source = path.join(root, 'src')
const built = path.join(root, 'dist', 'index.js')
const installed = path.join(benchFolder, 'node_modules', '.package-lock.json')
const lockfile = path.join(benchFolder, 'package-lock.json')

/** Installs the peers of bench/package.json when they are missing or not those of the lockfile. */
export function installPeers() {
  if (existsSync(installed) && changedMs(installed) >= changedMs(lockfile)) return
  console.log('installing the peers (npm install in bench/) ...')
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], benchFolder)
}

/** Builds dist/ when it is missing or older than a file of src/. */
export function buildFoundation() {
  if (existsSync(built) && changedMs(built) >= newestMs(source)) return
  console.log('building Foundation (npm run build) ...')
  run(process.execPath, [path.join(root, 'scripts', 'build.mjs')], root)
}

function newestMs(folder) {
  const files = readdirSync(folder, { recursive: true }).filter((file) => isSource(String(file)))
  return Math.max(...files.map((file) => changedMs(path.join(folder, String(file)))))
}

function isSource(file) {
  return file.endsWith('.ts') && !file.endsWith('.test.ts')
}

function changedMs(file) {
  return statSync(file).mtimeMs
}

function run(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${error ?? status}`)
}
