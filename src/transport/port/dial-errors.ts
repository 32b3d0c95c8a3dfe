/** Why a dial failed, as an error for people. */
import { FoundationError, type ErrorCode } from '../../kernel/index.ts'
import type { Admission, DialFailure, NodeIdentity } from './port.ts'

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
  version: 'the nodes share no version of the protocol; update the older one',
  name_in_use: 'a live node already has this name; choose another name',
}

/** Why two nodes are not linked: a word for programs and a sentence for people. */
export interface Objection {
  readonly reason: DialFailure
  readonly why: string
}

/** The usual sentence of a reason. */
export function objectionOf(reason: DialFailure): Objection {
  return { reason, why: meanings[reason] }
}

/**
 * Our own admission's no, as the caller of a dial is told. That the peer's name is taken is no word
 * on ours: it is we who turned the peer away.
 */
export function ourWord(admission: Exclude<Admission, 'admit'>): Objection {
  return objectionOf(admission === 'name_in_use' ? 'rejected' : admission)
}

/** Our admission's no, as the peer that dialled us is told. */
export function wordTo(peer: NodeIdentity, admission: Exclude<Admission, 'admit'>): Objection {
  if (admission !== 'name_in_use') return objectionOf(admission)
  const why = `a live node already has the name "${peer.name}"; choose another name`
  return { reason: admission, why }
}

/** The error of a failed dial; `details` holds `reason` and `address`. */
export function dialError(address: string, given: DialFailure | Objection): FoundationError {
  const { reason, why } = typeof given === 'string' ? objectionOf(given) : given
  const message = `Dial of "${address}" failed: ${why}`
  return new FoundationError(codes[reason], message, { details: { reason, address } })
}
