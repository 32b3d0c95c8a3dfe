/** What is dialled, and what failed dials of it prove. Pure. */

/** Something to dial. */
export interface DialTarget {
  /** Unique and stable: `member:<name>` or `address:<host:port>`. */
  readonly key: string
  /** The member expected there. */
  readonly name: string | undefined
  /** Of the member that was last linked. */
  readonly incarnation: string | undefined
  /** Tried in this order. */
  readonly addresses: readonly string[]
  /** Who proposed it. */
  readonly provenance: readonly string[]
  /** The host the member was last linked from; a refusal there proves that it is gone. */
  readonly trustedHost: string | undefined
  readonly state: 'waiting' | 'dialing' | 'linked'
  /** Failed dials in a row. */
  readonly failures: number
  /** Links in a row that ended soon, all to this incarnation: one that crashes says nothing of the next. */
  readonly shortLinks: number
  readonly nextAtMs: number
  readonly lastAtMs: number
  /** Why the last dial failed; absent before the first, and after a success. */
  readonly lastResult: string | undefined
  readonly rememberedUntilMs: number
  readonly linkedAtMs: number
}

/** One dial of one address that gave no link to the member expected there. */
export interface DialAttempt {
  readonly address: string
  /** A transport's reason, or `other-node` when somebody else answered. */
  readonly reason: string
}

/**
 * Whether failed dials prove that the process is gone: the address it was linked from (or one on
 * the same host) refuses or is another node's now, or every address it ever named is.
 */
export function provesGone(target: DialTarget, attempts: readonly DialAttempt[]): boolean {
  const isGone = ({ reason }: DialAttempt): boolean =>
    reason === 'refused' || reason === 'other-node'
  const isTrusted = ({ address }: DialAttempt): boolean => hostOf(address) === target.trustedHost
  if (attempts.some((attempt) => isGone(attempt) && isTrusted(attempt))) return true
  return attempts.length >= target.addresses.length && attempts.length > 0 && attempts.every(isGone)
}

/**
 * The host of "host:port" and of "[v6]:port"; an address without a port is its own host. IPv4 as a
 * dual-stack listener shows it ("[::ffff:10.0.0.1]") is IPv4.
 */
export function hostOf(address: string): string {
  const colon = address.lastIndexOf(':')
  const host = colon < 0 ? address : address.slice(0, colon)
  return /^\[::ffff:([\d.]+)\]$/i.exec(host)?.[1] ?? host
}
