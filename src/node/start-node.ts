/** `startNode`: from what the user wrote to a running node. */
import process from 'node:process'
import {
  consoleLog,
  FoundationError,
  invalid,
  isFoundationError,
  isPackageInstalled,
  Keyring,
  logLevels,
  resolveKeyring,
  systemHost,
  type Host,
  type Log,
  type LogLevel,
  type ResolvedKeyring,
} from '../kernel/index.ts'
import type { VitalsSource } from '../monitor/index.ts'
import {
  defaultNodeName,
  newIncarnation,
  listenEndpoint,
  readSources,
  translateModes,
  type CheckedOptions,
  type StartOptions,
  type Translation,
} from '../setup/index.ts'
import {
  mesh,
  type Credentials,
  type NodeIdentity,
  type TransportEngine,
} from '../transport/index.ts'
import { FoundationNode } from './foundation-node.ts'
import { ProcessVitalsSource } from './process-vitals.ts'
import { queueBoundsOf, resolvePartOptions, type NodeSettings } from './settings.ts'

/** What a process gives a node besides its options; tests give other things. */
export interface StartSurroundings {
  readonly host: Host
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where files with settings are looked for; undefined: nowhere. */
  readonly workingFolder: string | undefined
  /** How the process is; its real figures when left out. */
  readonly vitals?: VitalsSource
}

/**
 * Starts a node of the cluster in this process. Resolves once it listens and discovery has begun;
 * use `node.ready()` to wait for peers.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID`, `FND_SECRET_INVALID`, `FND_ADDRESS_IN_USE`
 * @example
 *   await using node = await startNode({ app: 'shop', cluster: true })
 *   await node.pubsub.broadcast('events.orders.created', { id: 1 })
 */
export function startNode(options: StartOptions = {}): Promise<FoundationNode> {
  const { env } = process
  return startNodeIn({ host: systemHost, env, workingFolder: process.cwd() }, options)
}

/** {@link startNode} with its surroundings given; for the in-memory network and tests. */
export async function startNodeIn(
  surroundings: StartSurroundings,
  given: StartOptions = {},
): Promise<FoundationNode> {
  const settings = await resolveSettings(
    { vitals: new ProcessVitalsSource(), ...surroundings },
    given,
  )
  const node = new FoundationNode(settings)
  await node.start()
  const { addresses } = node.self
  const { mode, identity } = settings
  settings.log.info({ app: identity.cluster, mode, addresses }, 'node started')
  return node
}

async function resolveSettings(
  surroundings: Required<StartSurroundings>,
  given: StartOptions,
): Promise<NodeSettings> {
  const { host, env, vitals } = surroundings
  const { options, notes } = await readSources(given, surroundings)
  const app = requireApp(options)
  const translation = translateModes(options, { env, hasPackage: isPackageInstalled })
  const parts = resolvePartOptions(options)
  const name = options.name ?? defaultNodeName(app, host)
  const log = (options.log ?? defaultLog(env)).child({ node: name })
  for (const note of [...notes, ...translation.notes]) log.warn({}, note)
  const secret = await secretFor(options, surroundings, log)
  const identity = identityOf(options, { name, app, host })
  return {
    host,
    log,
    identity,
    engine: engineFor(options, { app, secret, translation }),
    keyring: secret?.keyring,
    secretOrigin: secret?.origin,
    mode: translation.mode,
    topologies: translation.topologies,
    interfaces: options.interfaces,
    channels: options.channels ?? {},
    parts,
    classes: options.services ?? {},
    vitals,
    isDevelopment: env['NODE_ENV'] === 'development',
    handlesSignals: options.signals ?? false,
  }
}

function identityOf(
  { roles, meta }: CheckedOptions,
  { name, app, host }: { name: string; app: string; host: Host },
): NodeIdentity {
  const incarnation = newIncarnation(host)
  return { name, incarnation, cluster: app, addresses: [], roles: roles ?? [], meta: meta ?? {} }
}

function requireApp({ app }: CheckedOptions): string {
  if (app !== undefined) return app
  throw invalid('app', 'give the name of your application, or a package.json with a name', app)
}

function defaultLog(env: StartSurroundings['env']): Log {
  const level = env['FOUNDATION_LOG'] ?? 'warn'
  if (!logLevels.includes(level as LogLevel)) {
    throw invalid('FOUNDATION_LOG', `expected one of ${logLevels.join(', ')}`, level)
  }
  const write = (line: string): void => {
    process.stderr.write(`${line}\n`)
  }
  return consoleLog({ level: level as LogLevel, write })
}

type Secret = ResolvedKeyring & { readonly isPrivate: boolean }

/** The keyring, where one is needed. Without any to be had, one of this process alone. */
async function secretFor(
  options: CheckedOptions,
  { host, env }: StartSurroundings,
  log: Log,
): Promise<Secret | undefined> {
  if (options.tls || typeof options.transport === 'object') return undefined
  const randomBytes = (count: number): Uint8Array => host.randomBytes(count)
  try {
    const found = await resolveKeyring({ secret: options.secret, env, randomBytes })
    return { ...found, isPrivate: false }
  } catch (error) {
    if (!isFoundationError(error) || error.details?.['reason'] !== 'cannot-make') throw error
    log.warn({ error }, 'no cluster secret: this node listens on loopback and nobody can join it')
    const keyring = new Keyring([Buffer.from(randomBytes(32)).toString('base64url')])
    return { keyring, origin: 'this process alone', isPrivate: true }
  }
}

function engineFor(
  options: CheckedOptions,
  given: { app: string; secret: Secret | undefined; translation: Translation },
): TransportEngine {
  if (typeof options.transport === 'object') return options.transport
  const { interfaces, advertise } = options
  return mesh({
    credentials: credentialsFor(options, given),
    listen: listenEndpoint(options, { ...given, isPrivate: given.secret?.isPrivate === true }),
    ...(advertise && { advertise }),
    ...(interfaces && { interfaces }),
    ...queueBoundsOf(options.channels ?? {}),
  })
}

function credentialsFor(
  { tls }: CheckedOptions,
  { app, secret }: { app: string; secret: Secret | undefined },
): Credentials {
  if (tls) return { kind: 'mtls', cluster: app, ...tls }
  if (secret) return { kind: 'psk', cluster: app, keyring: secret.keyring }
  throw new FoundationError('FND_SECRET_INVALID', 'The mesh needs a secret or certificates')
}
