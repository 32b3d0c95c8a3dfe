/** `npm run build`: src/ to dist/, from nothing, so that no deleted file survives in the package. */
import { chmodSync, existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { root, runSteps } from './steps.mjs'

rmSync(path.join(root, 'dist'), { recursive: true, force: true })
const status = runSteps([['compile', 'tsc', '-p', 'tsconfig.build.json']])
const cli = path.join(root, 'dist', 'cli', 'main.js')
if (existsSync(cli)) chmodSync(cli, 0o755)
process.exit(status)
