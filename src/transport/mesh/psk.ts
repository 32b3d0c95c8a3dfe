/**
 * The pre-shared key of one ordered pair of nodes, and the identity that names it on the wire:
 *
 *     fnd1|<key id>|H(cluster)|H(client)|H(server) or *
 *
 * One key per direction and pair, so that a handshake rerouted to a third node, or back to its
 * sender, fails. The identity is sent in clear: it holds hashes only. Pure.
 * @source RFC 9257 sections 4 and 6.1 (rerouting, "Selfie"); RFC 8446 section 4.2.11
 */
import { createHash } from 'node:crypto'
import type { Keyring, SecretKey } from '../../kernel/index.ts'

/** Stands for "whichever node listens there": the first dial to an address. */
export const anyNode = '*'

/** Node refuses longer ones, and OpenSSL cuts identities at a NUL. */
export const identityMaxBytes = 256

/** Who dials whom with which key. */
export interface Pairing {
  readonly keyId: string
  readonly cluster: string
  readonly client: string
  /** A node name or {@link anyNode}. */
  readonly server: string
}

/** An identity taken apart; the names are hashes. */
export interface PskIdentity {
  readonly keyId: string
  readonly cluster: string
  readonly client: string
  readonly server: string
}

/** What a listener makes of an offered identity. */
export type PskVerdict =
  | { readonly kind: 'known'; readonly identity: PskIdentity; readonly psk: Buffer }
  | { readonly kind: 'other-secret'; readonly client: string }
  | { readonly kind: 'malformed' | 'other-cluster' | 'other-server' }

const hashBytes = 15
const identityPattern = /^fnd1\|([0-9a-f]{8})\|([\w-]{20})\|([\w-]{20})\|([\w-]{20}|\*)$/

/** Hash of a cluster's name, for the identity. */
export function hashCluster(cluster: string): string {
  return shortHash('cluster', cluster)
}

/** Hash of a node's name, different in every cluster. */
export function hashNode(cluster: string, name: string): string {
  return shortHash('node', JSON.stringify([cluster, name]))
}

/** The identity a client offers. */
export function pskIdentity({ keyId, cluster, client, server }: Pairing): string {
  const serverPart = server === anyNode ? anyNode : hashNode(cluster, server)
  return ['fnd1', keyId, hashCluster(cluster), hashNode(cluster, client), serverPart].join('|')
}

/** Takes an identity apart; undefined when it is not exactly what {@link pskIdentity} writes. */
export function parsePskIdentity(text: string): PskIdentity | undefined {
  if (Buffer.byteLength(text) > identityMaxBytes) return undefined
  const [, keyId, cluster, client, server] = identityPattern.exec(text) ?? []
  if (!keyId || !cluster || !client || !server) return undefined
  return { keyId, cluster, client, server }
}

/** The key both ends compute for an identity: 32 bytes. */
export function pskFor(key: SecretKey, identity: string): Buffer {
  return key.derive('psk', identity, 32)
}

/** Decides on an offered identity, for the node `self` of `cluster`. */
export function judgeIdentity(
  offered: string,
  own: { keyring: Keyring; cluster: string; self: string },
): PskVerdict {
  const identity = parsePskIdentity(offered)
  if (!identity) return { kind: 'malformed' }
  if (identity.cluster !== hashCluster(own.cluster)) return { kind: 'other-cluster' }
  const key = own.keyring.find(identity.keyId)
  if (!key) return { kind: 'other-secret', client: identity.client }
  const meant = identity.server === anyNode || identity.server === hashNode(own.cluster, own.self)
  if (!meant) return { kind: 'other-server' }
  return { kind: 'known', identity, psk: pskFor(key, offered) }
}

function shortHash(kind: string, text: string): string {
  const digest = createHash('sha256').update(`foundation ${kind}\0${text}`).digest()
  return digest.subarray(0, hashBytes).toString('base64url')
}
