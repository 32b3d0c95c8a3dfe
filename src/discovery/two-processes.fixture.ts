/** A child process for tests: one Discovery on loopback, its news as JSON lines on stdout. */
import { consoleLog, Keyring, systemHost } from '../kernel/index.ts'
import { discoveryDefaults } from './discovery-deps.ts'
import { Discovery } from './discovery.ts'
import type { Topology } from './topology.ts'

interface FixtureOptions {
  readonly name: string
  readonly topologies: Record<string, Topology>
  readonly secrets?: string[]
  readonly interfaces?: string[]
  readonly addresses?: string[]
}

const options = JSON.parse(process.argv[2] ?? '{}') as FixtureOptions
const incarnation = `${String(systemHost.wallClockMs())}-${String(process.pid)}`
const say = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}
const connected = new Map<string, string>()
const discovery = new Discovery(
  {
    host: systemHost,
    log: consoleLog({ level: 'silent', write: () => undefined }),
    telemetry: () => undefined,
    self: () => ({
      name: options.name,
      incarnation,
      cluster: 'shop',
      addresses: options.addresses ?? ['127.0.0.1:4001'],
    }),
    keyring: options.secrets && new Keyring(options.secrets),
    interfaces: options.interfaces ?? ['lo'],
    connect: (hint, address) => {
      connected.set(hint.nodeName ?? address, address)
      return Promise.resolve(true)
    },
    disconnect: (name) => Promise.resolve(connected.delete(name)),
    listNodes: () => [...connected.keys()],
    nodeAt: () => undefined,
    isReachable: (name) => connected.has(name),
    news: (event) => {
      say({ at: systemHost.wallClockMs(), ...event })
    },
  },
  options.topologies,
  discoveryDefaults,
)
discovery.start()
say({ at: systemHost.wallClockMs(), type: 'started' })
process.stdin.on('data', (bytes) => {
  if (String(bytes).includes('status')) say({ type: 'status', status: discovery.status() })
})
process.on('SIGTERM', () => {
  void discovery.stop().then(() => process.exit(0))
})
