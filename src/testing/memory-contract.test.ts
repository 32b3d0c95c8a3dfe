import { silentTelemetry, silentLog, systemHost } from '../kernel/index.ts'
import { MemoryHub, memoryDefaults } from '../transport/index.ts'
import { seededChance } from './chance.ts'
import { describeTransport, type TransportArena } from './describe-transport.ts'

const deps = { host: systemHost, log: silentLog, telemetry: silentTelemetry }

function arena(delayMs: number, jitterMs: number): TransportArena {
  const hub = new MemoryHub(
    { host: systemHost, random: seededChance(1) },
    { ...memoryDefaults, delayMs, jitterMs },
  )
  return {
    create: (nodeName) => hub.engine(nodeName).create(deps),
    reset: (a, b) => {
      hub.reset(a, b)
    },
    stop: () => Promise.resolve(),
  }
}

const alone = new MemoryHub({ host: systemHost, random: seededChance(1) }, memoryDefaults)
describeTransport(alone.engine())
describeTransport('memory without delay', () => arena(0, 0))
describeTransport('memory with delay and jitter', () => arena(2, 5))
