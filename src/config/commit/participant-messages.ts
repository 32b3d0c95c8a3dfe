/** What a participant says: votes, questions and answers. Pure. */
import type { Effect } from './effects.ts'
import type { CommitMessage } from './messages.ts'
import type { Outcome, Proposal, Refusal, Txid } from './transaction.ts'

/** Asked of who was not asked to vote: it may know, but must not decide. */
export const noLife = ''

/** A yes, or a no with its reason, to the coordinator. */
export function voteOn({ txid, hash }: Proposal, refusal?: Refusal): Effect {
  const message: CommitMessage = { type: 'vote', txid, hash, ...(refusal && { refusal }) }
  return { type: 'send', to: [txid.coordinator], message }
}

/** What this node knows of a transaction; nothing when it does not. */
export function answerTo(to: string, txid: Txid, outcome?: Outcome): Effect {
  const message: CommitMessage = { type: 'answer', txid, ...(outcome && { outcome }) }
  return { type: 'send', to: [to], message }
}

/** Asks everybody who may know what became of a transaction. */
export function inquiriesOf(
  { txid, participants }: Proposal,
  { self, peers }: { readonly self: { readonly name: string }; peers: () => readonly string[] },
): Effect[] {
  const asked = new Map(peers().map((name) => [name, noLife]))
  for (const { name, incarnation } of participants) asked.set(name, incarnation)
  asked.set(txid.coordinator, txid.incarnation)
  asked.delete(self.name)
  return [...asked].map(([to, incarnation]) => ({
    type: 'send',
    to: [to],
    message: { type: 'inquiry', txid, incarnation },
  }))
}
