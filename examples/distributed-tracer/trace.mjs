/** Traces the running processes for a while: `node trace.mjs <milliseconds> <folder>`. */
import process from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import { startNode } from 'foundation-ts'

const [forMs = '2000', folder = process.cwd()] = process.argv.slice(2)

// It runs no children itself, and is no process of the application.
const node = await startNode({ app: 'tracer', cluster: true, roles: ['tracer'] })
await node.ready({ minPeers: 1 })

const id = `trace-${Date.now().toString(36)}`
await node.supervisor.startChild({ id, service: 'Coordinator' })
console.log(`${id} began`)
await wait(Number(forMs))

const { file, slices, processes } = await node.supervisor
  .get(id, { timeoutMs: 20_000 })
  .finish(folder)
console.log(`${slices} slices of ${processes.join(', ')}: ${file}.json, ${file}.html`)
await node.supervisor.stopChild(id)
await node.stop()
