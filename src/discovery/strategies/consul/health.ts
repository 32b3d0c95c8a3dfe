/** What Consul's health endpoint says, read tolerantly. Pure. */
import { isHost, isPort } from '../../port/address.ts'
import type { PeerHint } from '../../port/port.ts'

type Json = Readonly<Record<string, unknown>>

/** Keys of a registration's `Meta` that a Foundation node sets about itself. */
export const metaKeys = {
  node: 'foundation-node',
  cluster: 'foundation-cluster',
  incarnation: 'foundation-incarnation',
} as const

/**
 * The instances of a health answer. An instance without its own address is at its machine's.
 *
 * @throws {TypeError} when it is no list.
 */
export function peersOfHealth(document: unknown): PeerHint[] {
  if (!Array.isArray(document)) throw new TypeError('Consul gave no list of instances')
  return document.flatMap((item) => peerOf(record(item)))
}

/**
 * The index to ask with next: one that went backwards (a restored server) begins anew, and one that
 * the agent no longer tells ends the waiting.
 * @source Consul, "Blocking queries", implementation details
 */
export function nextIndex(asked: number, told: number | undefined): number | undefined {
  if (told === undefined) return undefined
  return told < asked ? 1 : told
}

function peerOf({ Node, Service }: Json): PeerHint[] {
  const service = record(Service)
  const host = [service.Address, record(Node).Address].find(
    (text) => text !== '' && text !== undefined,
  )
  if (typeof host !== 'string' || !isHost(host)) return []
  const meta = record(service.Meta)
  const incarnation = meta[metaKeys.incarnation]
  return [
    {
      host,
      ...(isPort(service.Port) && { port: service.Port }),
      ...textAs('nodeName', meta[metaKeys.node]),
      ...textAs('cluster', meta[metaKeys.cluster]),
      ...(typeof incarnation === 'string' && { meta: { incarnation } }),
    },
  ]
}

function textAs(key: 'nodeName' | 'cluster', value: unknown): Partial<PeerHint> {
  return typeof value === 'string' && value !== '' ? { [key]: value } : {}
}

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {}
}
