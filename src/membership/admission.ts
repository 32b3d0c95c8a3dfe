/**
 * Who is let in: the answer to a peer whose handshake succeeded. A name belongs to the node that has
 * it as long as that node answers.
 */
import type { Admission, NodeIdentity } from '../transport/index.ts'
import { isLive, type MemberRecord, type MemberTable } from './members/member-table.ts'

/** What the answer depends on. */
export interface AdmissionFacts {
  readonly self: NodeIdentity
  readonly isLeaving: boolean
  /** Its name is in quarantine. */
  readonly isKeptOut: boolean
  readonly table: MemberTable
  /** The incarnation of that name a link is up to. */
  readonly linkedIncarnation: string | undefined
}

/**
 * The answer, or `ask-holder`: another incarnation of the name has a link, and whether it still
 * answers decides. Pure.
 */
export function judgeAdmission(
  peer: NodeIdentity,
  facts: AdmissionFacts,
): Admission | 'ask-holder' {
  const { self, table } = facts
  if (facts.isLeaving) return 'leaving'
  // Only the younger of two namesakes is told that the name is taken, whoever of them dialled.
  if (peer.name === self.name) return isYounger(peer, self) ? 'name_in_use' : 'rejected'
  const known = table.get(peer.name)
  const end = table.endOf(peer.name, peer.incarnation)
  // A replaced node that still lives is told the reason it can act on.
  if (end === 'replaced' && isLive(known)) return 'name_in_use'
  if (end || isUnwanted(peer, facts)) return 'rejected'
  return isHeld(peer, known, facts.linkedIncarnation) ? 'ask-holder' : 'admit'
}

function isYounger(a: NodeIdentity, b: NodeIdentity): boolean {
  return a.incarnation > b.incarnation
}

function isUnwanted({ name, incarnation }: NodeIdentity, facts: AdmissionFacts): boolean {
  const { isKeptOut, table } = facts
  return isKeptOut || table.isBarred(name, incarnation) || table.isFullFor(name)
}

/** By a live member with a link, other than the peer. */
function isHeld(
  peer: NodeIdentity,
  known: MemberRecord | undefined,
  linkedIncarnation: string | undefined,
): boolean {
  if (!isLive(known) || known.incarnation === peer.incarnation) return false
  return known.incarnation === linkedIncarnation
}

/** What the door talks to. */
export interface DoorDeps {
  readonly facts: (peer: NodeIdentity) => AdmissionFacts
  /** Whether the peer of that name answers over its present link. */
  readonly probe: (name: string) => Promise<boolean>
  /** The holder of the name does not answer: its place is taken. */
  readonly replace: (name: string) => void
  /** A node that started earlier has this node's own name. */
  readonly elderNamesake: (elder: NodeIdentity) => void
}

/** Answers for {@link TransportHandlers.admit}. */
export class Door {
  readonly #deps: DoorDeps

  constructor(deps: DoorDeps) {
    this.#deps = deps
  }

  admit(peer: NodeIdentity): Admission | Promise<Admission> {
    const facts = this.#deps.facts(peer)
    const verdict = judgeAdmission(peer, facts)
    const { self } = facts
    if (peer.name === self.name && isYounger(self, peer)) this.#deps.elderNamesake(peer)
    return verdict === 'ask-holder' ? this.#askHolder(peer, facts) : verdict
  }

  /** A crashed node's link may outlive it by seconds; a probe tells within its deadline. */
  async #askHolder(peer: NodeIdentity, before: AdmissionFacts): Promise<Admission> {
    const answers = await this.#deps.probe(peer.name)
    const facts = this.#deps.facts(peer)
    const verdict = judgeAdmission(peer, facts)
    if (verdict !== 'ask-holder') return verdict
    // A holder that came meanwhile was not asked, but it has just made its link.
    if (answers || facts.linkedIncarnation !== before.linkedIncarnation) return 'name_in_use'
    this.#deps.replace(peer.name)
    return 'admit'
  }
}
