/**
 * What a user may give `startNode`, checked at the door. The parts' own options are checked by
 * their own rules; here is what belongs to the node as a whole.
 */
import type { ConfigOptions } from '../config/index.ts'
import type { DiscoveryOptions, Topology } from '../discovery/index.ts'
import type { EventsOptions } from '../events/index.ts'
import {
  flag,
  integerCheck,
  listOf,
  oneOf,
  optional,
  resolveRules,
  textCheck,
  toError,
  type Check,
  type Log,
  type Rules,
} from '../kernel/index.ts'
import type { MembershipOptions } from '../membership/index.ts'
import type { MonitorOptions } from '../monitor/index.ts'
import type { ChannelOptions, PubSubOptions } from '../pubsub/index.ts'
import type { RegistryOptions } from '../registry/index.ts'
import type { RpcOptions } from '../rpc/index.ts'
import type { ServiceClasses, SupervisorOptions } from '../supervisor/index.ts'
import type { TransportEngine } from '../transport/index.ts'
import { encodeValue } from '../wire/index.ts'

/** A place on the network; an absent port means "chosen by the operating system". */
export interface Endpoint {
  /** Host name or IP address, IPv6 without brackets. */
  readonly host?: string
  /** 0 to 65535. */
  readonly port?: number
}

/** mTLS instead of a shared secret: PEM text. The node name must be in the certificate's SAN. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
  readonly ca: string
}

/** Apprentice mode: the name of a strategy and its own simple options. */
export interface SimpleCluster {
  readonly strategy: string
  readonly [option: string]: unknown
}

/** Timing presets: `local` for one machine, `lan` (default), `wan` for far links. */
export type Preset = 'local' | 'lan' | 'wan'

/** Everything `startNode` takes; every key may be left out. */
export interface StartOptions {
  /** Cluster name: nodes of different apps never join. Default: `name` of the nearest package.json. */
  readonly app?: string
  /** Node name, unique in the cluster. Default: `<app>-<random>@<hostname>`. */
  readonly name?: string
  /** `false` alone (default), `true` Mortal mode, an object Apprentice mode. */
  readonly cluster?: boolean | SimpleCluster
  /** Wizard mode: started exactly as given; wins over `cluster`. */
  readonly topologies?: Readonly<Record<string, Topology>>
  /** Shared secret of at least 16 bytes, or a list: the first is used, all are accepted. */
  readonly secret?: string | readonly string[]
  /** Certificates instead of a secret (mTLS): `{ cert, key, ca }`, PEM text. */
  readonly tls?: TlsFiles
  /** Where to listen. Default: a free port (27946 where peers are found without ports), on all interfaces (loopback only when alone). */
  readonly listen?: Endpoint
  /** What to tell others to dial, when it differs from where the node listens. */
  readonly advertise?: Endpoint
  /** `'mesh'` (default) or an engine object. */
  readonly transport?: 'mesh' | TransportEngine
  /** Timing: `local` for one machine, `lan` (default), `wan` for far links. */
  readonly preset?: Preset
  /** Published with the member. */
  readonly roles?: readonly string[]
  /** Published with the member; small plain data. */
  readonly meta?: Readonly<Record<string, unknown>>
  /** Channels added to, or changing, `control`, `events`, `telemetry` and `bulk`. */
  readonly channels?: Readonly<Record<string, ChannelOptions>>
  /** A pino-shaped logger. Default: warnings and errors, on standard error. */
  readonly log?: Log
  /** `true`: SIGTERM and SIGINT leave the cluster in order. Default `false`. */
  readonly signals?: boolean
  /** Network interfaces by name that gossip, and the listener, are confined to; `['lo']` keeps all on this machine. */
  readonly interfaces?: readonly string[]
  /** Failure detection and re-dialling; see the section of that name. */
  readonly membership?: Partial<MembershipOptions>
  /** Bounds of publishing; see the section of that name. */
  readonly pubsub?: Partial<PubSubOptions>
  /** Deadlines and bounds of calls; see the section of that name. */
  readonly rpc?: Partial<RpcOptions>
  /** Deadlines and bounds of names and of the services behind them; see the section of that name. */
  readonly registry?: Partial<RegistryOptions>
  /** Settings of the cluster: defaults, file, quorum, deadlines; see the section of that name. */
  readonly config?: Partial<ConfigOptions>
  /** Bounds of the history of events; see the section of that name. */
  readonly events?: Partial<EventsOptions>
  /** Classes the supervisor may start on this node, by name. */
  readonly services?: ServiceClasses
  /** Placement, restarts and moves of children; see the section of that name. */
  readonly supervisor?: Partial<SupervisorOptions>
  /** Vital signs, health and healing; see the section of that name. */
  readonly monitor?: Partial<MonitorOptions>
  /** Dials, retries and pruning of discovered peers; see the section of that name. */
  readonly discovery?: Partial<DiscoveryOptions>
}

/** The keys a user, the environment or a file may set, after checking. */
export type CheckedOptions = {
  readonly [K in keyof StartOptions]-?: StartOptions[K] | undefined
}

const recordCheck: Check = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? undefined
    : 'expected an object'

const endpointRules: Rules<Record<keyof Endpoint, unknown>> = {
  host: optional(textCheck),
  port: optional(integerCheck({ min: 0, max: 65_535 })),
}

// What the handshake carries of a node; a node that says more could link to nobody.
const nameMaxBytes = 255
const roleMaxBytes = 64
const rolesMax = 32
const metaKeysMax = 64
const metaMaxBytes = 8_192

const nodeNameCheck: Check = (value) => {
  if (typeof value !== 'string' || !/^[^\s\p{Cc}]{1,128}$/u.test(value)) {
    return 'expected 1 to 128 characters without spaces'
  }
  return Buffer.byteLength(value) > nameMaxBytes
    ? `expected at most ${String(nameMaxBytes)} bytes`
    : undefined
}

const roleCheck: Check = (value) =>
  textCheck(value) ??
  (Buffer.byteLength(value as string) > roleMaxBytes
    ? `expected at most ${String(roleMaxBytes)} bytes`
    : undefined)

const rolesCheck: Check = (value) =>
  Array.isArray(value) && value.length > rolesMax
    ? `expected at most ${String(rolesMax)} roles`
    : listOf(roleCheck)(value)

const metaCheck: Check = (value) => {
  const problem = recordCheck(value)
  if (problem !== undefined) return problem
  if (Object.keys(value as object).length > metaKeysMax) {
    return `expected at most ${String(metaKeysMax)} keys`
  }
  try {
    return encodeValue(value).length > metaMaxBytes
      ? `expected small plain data of at most ${String(metaMaxBytes)} bytes`
      : undefined
  } catch (thrown) {
    return `expected plain data: ${toError(thrown).message}`
  }
}

const appCheck: Check = (value) =>
  typeof value === 'string' && /^[\w.@/-]{1,100}$/.test(value)
    ? undefined
    : 'expected 1 to 100 letters, digits, or any of . _ - / @'

const secretCheck: Check = (value) =>
  typeof value === 'string'
    ? undefined
    : listOf(textCheck)(value) && 'expected a string or a list of strings'

const clusterCheck: Check = (value) => {
  if (typeof value === 'boolean') return undefined
  const strategy = (value as Partial<SimpleCluster> | null)?.strategy
  return typeof strategy === 'string' && strategy !== ''
    ? undefined
    : 'expected true, false or { strategy: "...", ... }'
}

const transportCheck: Check = (value) =>
  value === 'mesh' || typeof (value as Partial<TransportEngine> | null)?.create === 'function'
    ? undefined
    : 'expected "mesh" or a transport engine'

/** As far as it can be told: an arrow function can never be constructed. */
function isClass(value: unknown): boolean {
  return typeof value === 'function' && typeof value.prototype === 'object'
}

const servicesCheck: Check = (value) => {
  const problem = recordCheck(value)
  if (problem !== undefined) return problem
  const wrong = Object.entries(value as object).find(([, item]) => !isClass(item))
  return wrong && `expected classes by name, but "${wrong[0]}" is none`
}

const logCheck: Check = (value) => {
  const given = value as Record<string, unknown> | null
  const missing = ['child', 'debug', 'info', 'warn', 'error'].filter(
    (method) => typeof given?.[method] !== 'function',
  )
  return missing.length === 0 ? undefined : `expected a logger with ${missing.join(', ')}`
}

const startRules: Rules<CheckedOptions> = {
  app: optional(appCheck),
  name: optional(nodeNameCheck),
  cluster: optional(clusterCheck),
  topologies: optional(recordCheck),
  secret: optional(secretCheck),
  tls: optional(recordCheck),
  listen: optional(recordCheck),
  advertise: optional(recordCheck),
  transport: optional(transportCheck),
  preset: oneOf<Preset>('lan', ['local', 'lan', 'wan']),
  roles: optional(rolesCheck),
  meta: optional(metaCheck),
  channels: optional(recordCheck),
  log: optional(logCheck),
  signals: flag(false),
  interfaces: optional(listOf(textCheck)),
  membership: optional(recordCheck),
  pubsub: optional(recordCheck),
  rpc: optional(recordCheck),
  registry: optional(recordCheck),
  config: optional(recordCheck),
  events: optional(recordCheck),
  services: optional(servicesCheck),
  supervisor: optional(recordCheck),
  monitor: optional(recordCheck),
  discovery: optional(recordCheck),
}

/** The names of all start options, in the order of the reference. */
export const startOptionNames: readonly string[] = Object.keys(startRules)

const tlsRules: Rules<Record<keyof TlsFiles, unknown>> = {
  cert: optional(textCheck),
  key: optional(textCheck),
  ca: optional(textCheck),
}

/**
 * Checks types, ranges and names; says what is wrong and, for an unknown key, the nearest known.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID`
 */
export function checkStartOptions(given: unknown): CheckedOptions {
  const options = resolveRules<CheckedOptions>(startRules, given)
  if (options.listen) resolveRules(endpointRules, options.listen, 'listen')
  if (options.advertise) resolveRules(endpointRules, options.advertise, 'advertise')
  if (options.tls) resolveRules(tlsRules, options.tls, 'tls')
  return options
}
