/**
 * One contestant of the benchmark telemetry-cost, in a process of its own: a node that calls itself,
 * the whole way through rpc and codec without a byte of network; `mesh`: a node that calls another
 * over TLS. Prints microseconds of processor time a call.
 */
import { tracingChannel } from 'node:diagnostics_channel'
import process from 'node:process'
import { prometheus } from '../src/integrations/prometheus.ts'
import {
  diagnosticsTelemetry,
  silentLog,
  silentTelemetry,
  systemHost,
} from '../src/kernel/index.ts'
import { startNode } from '../src/node/index.ts'
import { Rpc, rpcDefaults } from '../src/rpc/index.ts'

const callsMeasured = 100_000
const warmUpCalls = 100_000
const inFlight = 32

const [contestant] = process.argv.slice(2)
const [rpc, target] = contestant === 'mesh' ? await meshed() : [loopback(), 'a']
if (contestant === 'prometheus' || contestant === 'spans') prometheus({ name: 'a' })
if (contestant === 'spans') subscribeToSpans()
await call(warmUpCalls)
const before = process.cpuUsage()
await call(callsMeasured)
const { user, system } = process.cpuUsage(before)
console.log((user + system) / callsMeasured)
process.exit(0)

/** Two nodes in this process, over TLS on the loopback interface. */
async function meshed() {
  const common = { app: 'bench', secret: 'a secret for the benchmark', topologies: {} }
  const listen = { host: '127.0.0.1', port: 0 }
  const a = await startNode({ ...common, name: 'a', listen })
  const b = await startNode({ ...common, name: 'b', listen })
  b.rpc.handle('echo', (value) => value)
  await a.connect(b.self.addresses[0])
  return [a.rpc, 'b']
}

function loopback() {
  const telemetry = contestant === 'none' ? silentTelemetry : diagnosticsTelemetry('a')
  const router = { handle: () => undefined, send: () => 'accepted' }
  const node = new Rpc(
    {
      ...{ router, host: systemHost, log: silentLog, telemetry, development: false },
      self: () => 'a',
      isPeer: () => 'alive',
      everyone: () => ['a'],
    },
    rpcDefaults,
  )
  node.start()
  node.handle('echo', (value) => value)
  return node
}

async function call(count) {
  const left = Array.from({ length: inFlight }, () => count / inFlight)
  await Promise.all(
    left.map(async (share) => {
      for (let at = 0; at < share; at += 1) await rpc.call(target, 'echo', at)
    }),
  )
}

function subscribeToSpans() {
  const nothing = () => undefined
  const all = {
    start: nothing,
    end: nothing,
    asyncStart: nothing,
    asyncEnd: nothing,
    error: nothing,
  }
  for (const name of ['rpc.call', 'rpc.serve']) tracingChannel(`foundation.${name}`).subscribe(all)
}
