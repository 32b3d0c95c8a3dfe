/** One peer that has several addresses, as a hint. Pure. */
import { formatAddress } from './address.ts'
import type { PeerHint } from './port.ts'

/**
 * A peer with the hosts it answers on, best first. Without a port only the first host can be told.
 *
 * @returns undefined when there is no host.
 */
export function peerAt(hosts: readonly string[], port: number | undefined): PeerHint | undefined {
  const [host, ...others] = hosts
  if (host === undefined) return undefined
  if (port === undefined) return { host }
  const addresses = others.map((other) => formatAddress(other, port))
  return { host, port, ...(addresses.length > 0 && { addresses }) }
}
