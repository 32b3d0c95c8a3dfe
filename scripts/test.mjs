/** `npm test`: every check and test, on the pinned Node; the package on the machine's own Node. */
import process from 'node:process'
import { runSteps } from './steps.mjs'
import { clusterSteps, packageSteps, staticSteps, unitSteps } from './test-steps.mjs'

process.exit(runSteps([...staticSteps, ...unitSteps, ...clusterSteps, ...packageSteps]))
