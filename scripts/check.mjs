/** `npm run check`: the fast inner loop. Types, lint, layers and the tests beside the code. */
import process from 'node:process'
import { runSteps } from './steps.mjs'
import { staticSteps, unitSteps } from './test-steps.mjs'

process.exit(runSteps([...staticSteps, ...unitSteps]))
