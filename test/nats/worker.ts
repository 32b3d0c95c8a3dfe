/** A node in a process of its own: `worker.ts NAME SERVER`. Says "ready" and lives until it is killed. */
import process from 'node:process'
import { startNode } from '../../src/node/index.ts'
import { nats } from '../../src/transport/nats/index.ts'

const [, , name = 'worker', servers = ''] = process.argv
const node = await startNode({ app: 'crash', name, transport: nats({ servers }) })
await node.ready({ minPeers: 1, timeoutMs: 15_000 })
process.stdout.write('ready\n')
