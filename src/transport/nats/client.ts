/** The part of `@nats-io/transport-node` this engine uses, loaded when a node starts. */
import { FoundationError, importPackage, isFoundationError, toError } from '../../kernel/index.ts'
import type { NatsOptions } from './options.ts'

/** A message as the client gives it. */
export interface ClientMessage {
  readonly subject: string
  readonly data: Uint8Array
  respond(payload: Uint8Array): boolean
}

/** A subscription as the client gives it. */
export interface ClientSubscription {
  unsubscribe(): void
  /** Takes what is under way, then ends; resolves when the broker knows. */
  drain(): Promise<void>
}

/** What the client tells of its connection. */
export interface ClientStatus {
  readonly type: string
  readonly error?: Error
}

/** A connection to the broker. */
export interface Client {
  readonly info?: { readonly max_payload: number } | undefined
  publish(subject: string, payload: Uint8Array): void
  request(
    subject: string,
    payload: Uint8Array,
    options: { timeout: number },
  ): Promise<ClientMessage>
  subscribe(
    subject: string,
    options: { callback: (error: Error | null, message: ClientMessage) => void },
  ): ClientSubscription
  flush(): Promise<void>
  rtt(): Promise<number>
  status(): AsyncIterable<ClientStatus>
  closed(): Promise<unknown>
  close(): Promise<void>
}

/** What the module must export. */
export interface ClientLibrary {
  connect(options: Readonly<Record<string, unknown>>): Promise<Client>
  nkeyAuthenticator(seed: Uint8Array): unknown
  credsAuthenticator(credentials: Uint8Array): unknown
}

const packageName = '@nats-io/transport-node'

/**
 * The client, from the option `lib` or installed.
 *
 * @throws {FoundationError} `FND_PACKAGE_MISSING`
 */
export async function loadClient(lib: unknown): Promise<ClientLibrary> {
  return (lib ?? (await importPackage(packageName, 'The NATS engine'))) as ClientLibrary
}

/** What the client is asked for; `delayMs` is called before each attempt to connect again. */
export function clientOptions(
  lib: ClientLibrary,
  options: NatsOptions,
  given: { readonly name: string; readonly delayMs: () => number },
): Readonly<Record<string, unknown>> {
  const { servers, token, user, pass, tls, nkeySeed, credentials } = options
  const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8')
  return {
    servers: typeof servers === 'string' ? servers : [...servers],
    name: given.name,
    noEcho: true,
    // The client gives a server up after ten attempts by default, and then for good.
    maxReconnectAttempts: -1,
    reconnectDelayHandler: given.delayMs,
    // Two minutes by default: a silent broker would be noticed after six.
    pingInterval: 5_000,
    maxPingOut: 2,
    timeout: options.connectTimeoutMs,
    ...(token !== undefined && { token }),
    ...(user !== undefined && { user, pass }),
    ...(tls !== undefined && { tls }),
    ...(nkeySeed !== undefined && { authenticator: lib.nkeyAuthenticator(bytes(nkeySeed)) }),
    ...(credentials !== undefined && { authenticator: lib.credsAuthenticator(bytes(credentials)) }),
  }
}

/** Why the broker could not be reached, in words a person can act on. */
export function connectError(thrown: unknown, servers: NatsOptions['servers']): FoundationError {
  if (isFoundationError(thrown)) return thrown
  const cause = toError(thrown)
  const where = typeof servers === 'string' ? servers : servers.join(', ')
  const details = { servers: where }
  const text = `${cause.name} ${cause.message}`
  if (/authoriz|authentic|credential|nkey/i.test(text)) {
    const message = `The NATS server at ${where} refused this node (${cause.message}); check "token", "user" and "pass", "nkeySeed" or "credentials"`
    return refused(message, details, cause)
  }
  if (/certificate|tls|ssl/i.test(text)) {
    const message = `The NATS server at ${where} and this node do not trust each other (${cause.message}); check "tls"`
    return refused(message, details, cause)
  }
  const message = `No NATS server answers at ${where} (${cause.message}); start one (nats-server) or check "servers"`
  return new FoundationError('FND_DIAL_FAILED', message, {
    details: { ...details, reason: 'unreachable' },
    cause,
  })
}

function refused(...[message, details, cause]: [string, object, Error]): FoundationError {
  return new FoundationError('FND_HANDSHAKE_REFUSED', message, {
    details: { ...details, reason: 'auth' },
    cause,
  })
}
