/** What the dialling and the accepting side of a greeting have in common. */
import type { Host } from '../../kernel/index.ts'
import type { VersionRange } from '../../wire/index.ts'
import { isOvertaken } from '../port/handshake-rules.ts'
import type { ChannelClass, LinkInfo, NodeIdentity, TransportHandlers } from '../port/port.ts'
import type { StreamBook } from '../port/sequence.ts'
import type { Opened } from './class-dialer.ts'
import type { Credentials } from './credentials.ts'
import type { Greeted } from './handshake.ts'
import type { Hello } from './hello.ts'
import type { LinkFacts } from './link-facts.ts'
import type { LinkTable } from './link-table.ts'
import { dialError, type Refusal } from './tls-failure.ts'

/** What a greeting needs, on either side. */
export interface GreetingDeps {
  readonly host: Host
  readonly self: NodeIdentity
  /** The versions this node speaks. */
  readonly protocol: VersionRange
  readonly credentials: Credentials
  readonly handlers: Pick<TransportHandlers, 'admit'>
  readonly table: LinkTable
  readonly book: StreamBook
  readonly dialTimeoutMs: number
  /** Aborts when the engine stops. */
  readonly stopping: AbortSignal
  /** Puts a link into the table, tells of it and starts it. */
  readonly linkUp: (facts: LinkFacts, opened: Opened) => void
}

/** In place of a link id in a reply: there is a link already, or one is being made. */
export const duplicateLink = 'duplicate'

const tooLate: Refusal = {
  reason: 'duplicate',
  message: 'A newer link with that node was made while this handshake was under way',
}

/** What this node says first on a connection of that class. */
export function helloOf(deps: GreetingDeps, channelClass: ChannelClass): Hello {
  const { host, self, protocol } = deps
  const nonce = Buffer.from(host.randomBytes(16)).toString('base64url')
  return {
    ...{ protocol, identity: self, class: channelClass, nonce },
    ...{ nextSequence: [], epoch: 0 },
  }
}

/** The word of membership, and ours when the engine stops meanwhile. Undefined: the peer may come in. */
export async function askAdmission(
  deps: GreetingDeps,
  peer: NodeIdentity,
): Promise<Refusal | undefined> {
  const admission = await deps.handlers.admit(peer)
  const verdict = deps.stopping.aborted ? 'leaving' : admission
  const { name } = deps.self
  const sentences = {
    name_in_use:
      `Node "${name}" has a live link to another node named "${peer.name}"; ` +
      'give one of the two another name',
    leaving: `Node "${name}" is about to stop, or "${peer.name}" has left`,
    rejected: `Node "${name}" does not admit node "${peer.name}"`,
  }
  return verdict === 'admit' ? undefined : { reason: verdict, message: sentences[verdict] }
}

/**
 * Both sides have said their last word: the link is up.
 *
 * @throws {FoundationError} a newer link came up meanwhile; the reason of the stop when the engine stops.
 */
export function bringUp(
  deps: GreetingDeps,
  greeted: Greeted,
  seen: Pick<LinkInfo, 'address' | 'dialedBy'>,
): void {
  const { peer, protocol, confirm, link: id, theirs, socket } = greeted
  if (deps.stopping.aborted) {
    socket.destroy()
    throw deps.stopping.reason
  }
  const streams = deps.book.of(peer)
  if (isOvertaken(confirm.epoch, streams.epoch)) {
    socket.destroy()
    throw dialError(tooLate, seen.address)
  }
  const told = seen.dialedBy === 'self' ? theirs.nextSequence : confirm.nextSequence
  streams.epoch = confirm.epoch
  const info = { peer, epoch: confirm.epoch, protocol, ...seen }
  deps.linkUp({ id, info, streams }, openedOf(greeted, told, 0))
}

/** The connection of a greeting, and where its streams go on. */
export function openedOf(greeted: Greeted, told: readonly number[], generation: number): Opened {
  const { socket, leftover } = greeted
  return { socket, leftover, told, generation }
}
