/** Why a dial failed, as an error and as news for people. */
import { FoundationError, type ErrorCode, type Host } from '../../kernel/index.ts'
import type { DialFailure, NodeIdentity, TransportHandlers } from '../port.ts'

const codes: Readonly<Record<DialFailure, ErrorCode>> = {
  refused: 'FND_DIAL_FAILED',
  timeout: 'FND_DIAL_FAILED',
  unreachable: 'FND_DIAL_FAILED',
  self: 'FND_DIAL_FAILED',
  leaving: 'FND_DIAL_FAILED',
  broken: 'FND_DIAL_FAILED',
  auth: 'FND_HANDSHAKE_REFUSED',
  cluster_mismatch: 'FND_HANDSHAKE_REFUSED',
  rejected: 'FND_HANDSHAKE_REFUSED',
  version: 'FND_VERSION_UNSUPPORTED',
  name_in_use: 'FND_NAME_IN_USE',
}

const meanings: Readonly<Record<DialFailure, string>> = {
  refused: 'nobody listens there',
  timeout: 'no answer in time; check the network between the nodes',
  unreachable: 'it is not an address of the form host:port',
  self: 'it is this very node',
  leaving: 'one of the two nodes is stopping',
  broken: 'the connection ended during the handshake',
  auth: 'the secrets differ; give both nodes the same one',
  cluster_mismatch: 'it belongs to another cluster; give both nodes the same app',
  rejected: 'the membership of one side said no',
  version: 'the nodes share no protocol version; upgrade the older one',
  name_in_use: 'a live node already has this name; choose another name',
}

const personMustAct: readonly DialFailure[] = ['auth', 'cluster_mismatch', 'version', 'name_in_use']

/** The error of a failed dial; `details` holds `reason` and `address`. */
export function dialError(address: string, reason: DialFailure): FoundationError {
  const message = `Dial of "${address}" failed: ${meanings[reason]}`
  return new FoundationError(codes[reason], message, { details: { reason, address } })
}

/**
 * Whether the two may be linked at all; both sides ask this of the other's identity. Two nodes of
 * one name are for admission to judge.
 */
export function screen(self: NodeIdentity, peer: NodeIdentity): DialFailure | undefined {
  if (peer.cluster !== self.cluster) return 'cluster_mismatch'
  const isSelf = peer.name === self.name && peer.incarnation === self.incarnation
  return isSelf ? 'self' : undefined
}

const quietMs = 60_000
const reportsMax = 256

/** Reports refusals, each address and reason at most once a minute; forgets the oldest of many. */
export class RefusalReports {
  readonly #host: Host
  readonly #lastMs = new Map<string, number>()

  constructor(host: Host) {
    this.#host = host
  }

  /** Calls `tell` when a person must act on the reason and was not told lately. */
  report(address: string, reason: DialFailure, tell: TransportHandlers['refused']): void {
    if (!personMustAct.includes(reason)) return
    const key = `${reason} ${address}`
    const nowMs = this.#host.nowMs()
    if (nowMs - (this.#lastMs.get(key) ?? -Infinity) < quietMs) return
    this.#lastMs.delete(key)
    this.#lastMs.set(key, nowMs)
    const [oldest] = this.#lastMs.keys()
    if (this.#lastMs.size > reportsMax && oldest !== undefined) this.#lastMs.delete(oldest)
    tell({ address, reason, message: dialError(address, reason).message })
  }
}
