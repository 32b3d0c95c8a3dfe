/**
 * `npm run build`: src/ to build/, one file a module, and that to dist/, the files of the package. From
 * nothing, so that no deleted file survives.
 */
import { chmodSync, existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { root, runSteps } from './steps.mjs'

for (const folder of ['build', 'dist']) {
  rmSync(path.join(root, folder), { recursive: true, force: true })
}
const status = runSteps([
  ['compile', 'tsc', '-p', 'tsconfig.build.json'],
  ['bundle', 'node', 'scripts/bundle.mjs'],
])
const cli = path.join(root, 'dist', 'cli', 'main.js')
if (existsSync(cli)) chmodSync(cli, 0o755)
process.exit(status)
