/** Opens the listener of a mesh where this machine can listen, and says where others can dial it. */
import { toError } from '../../kernel/index.ts'
import type { RefusalReports } from '../port/refusal-reports.ts'
import { advertisedAddresses, listenHosts, thisMachine } from './addresses.ts'
import type { Credentials } from './credentials.ts'
import { MeshListener, type MeshListenerDeps } from './listener.ts'
import type { MeshOptions } from './mesh-options.ts'

/** What opening a listener needs. */
export interface OpenListenerDeps extends Omit<MeshListenerDeps, 'onRefused'> {
  readonly reports: RefusalReports
}

/** What a mesh listens as. */
export interface ListenAs {
  /** The name of this node. */
  readonly self: string
  readonly credentials: Credentials
  readonly options: MeshOptions
}

/** A listener that accepts, and the addresses of it. */
export interface OpenListener {
  readonly listener: MeshListener
  /** "host:port", best first. */
  readonly addresses: string[]
}

/** Connections that have not said HELLO yet. */
const strangersMax = 256

/** @throws {FoundationError} `FND_ADDRESS_IN_USE` */
export async function openListener(deps: OpenListenerDeps, as: ListenAs): Promise<OpenListener> {
  const machine = thisMachine()
  const [host = '::', ...others] = listenHosts(as.options, machine)
  const listening = await listenOn(host, deps, as).catch((error: unknown) => {
    const [fallback] = others
    if (fallback === undefined || !isMissingFamily(error)) throw error
    return listenOn(fallback, deps, as)
  })
  const addresses = advertisedAddresses(as.options, listening.bound, machine)
  return { listener: listening.listener, addresses }
}

async function listenOn(
  host: string,
  deps: OpenListenerDeps,
  { self, credentials, options }: ListenAs,
): Promise<{ listener: MeshListener; bound: { host: string; port: number } }> {
  const onRefused: MeshListenerDeps['onRefused'] = (address, { reason, message }) => {
    deps.reports.add({ address: address.replace(/:\d+$/, ''), reason, message })
  }
  const listener = new MeshListener(
    { ...deps, onRefused },
    {
      ...{ host, port: options.listen?.port ?? 0, self, credentials },
      handshakeTimeoutMs: options.dialTimeoutMs,
      preAuthMaxSockets: strangersMax,
    },
  )
  return { listener, bound: await listener.listen() }
}

/** This machine has no IPv6. */
function isMissingFamily(error: unknown): boolean {
  const cause = toError(error).cause
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL'
}
