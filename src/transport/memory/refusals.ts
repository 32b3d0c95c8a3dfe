/** Why a dial failed, as an error for people. */
import { FoundationError, type ErrorCode } from '../../kernel/index.ts'
import type { DialFailure, NodeIdentity } from '../port.ts'

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
