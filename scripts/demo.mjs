/** `npm run demo`: builds, then runs the demo command of the built package. */
import process from 'node:process'
import { runSteps } from './steps.mjs'

const build = runSteps([['build', 'node', 'scripts/build.mjs']])
if (build !== 0) process.exit(build)
process.exit(runSteps([['demo', 'node', 'dist/cli/main.js', 'demo', ...process.argv.slice(2)]]))
