/** The messages of a commit, all on `control`. */
import { FoundationError } from '../../kernel/index.ts'
import {
  array,
  bytes,
  integer,
  message,
  messageCodes,
  object,
  oneOfWords,
  optionalOf,
  string,
  unknownValue,
  type Message,
  type OptionalShape,
  type Shape,
} from '../../wire/index.ts'
import type { VersionBase } from '../../replication/index.ts'
import { pathMaxBytes } from '../record/path.ts'
import { versionShape } from '../record/record.ts'
import {
  refusalKinds,
  type CommitEntry,
  type Outcome,
  type Proposal,
  type Refusal,
  type Txid,
} from './transaction.ts'

/** What travels between coordinator and participants. */
export type CommitMessage =
  | ({ readonly type: 'prepare' } & Proposal)
  | {
      readonly type: 'vote'
      readonly txid: Txid
      readonly hash: string
      readonly refusal?: Refusal | undefined
    }
  | {
      readonly type: 'decision'
      readonly txid: Txid
      readonly hash: string
      readonly outcome: Outcome
    }
  | { readonly type: 'ack'; readonly txid: Txid }
  /** What became of it? Asked of one life: another one of the name knows nothing. */
  | { readonly type: 'inquiry'; readonly txid: Txid; readonly incarnation: string }
  | { readonly type: 'answer'; readonly txid: Txid; readonly outcome?: Outcome | undefined }

const reasonMaxBytes = 4_096
const membersMax = 4_096
const entriesMax = 1_024
const lineageMax = 64
/** Two parts of at most 255 bytes, each behind its length. */
const traceMaxBytes = 512

const name = string(255)
const incarnation = string(255)
/** Shape of a {@link Txid}. */
export const txidShape: Shape<Txid> = object({
  coordinator: name,
  incarnation,
  counter: integer(1),
})
const hash = string(64)
const life = object({ name, incarnation })

const entry = object({
  path: string(pathMaxBytes),
  // Absent: the setting is deleted.
  value: unknownValue() as OptionalShape<unknown>,
  base: optionalOf(versionShape),
  after: array(string(512), lineageMax),
}) as Shape<CommitEntry>

const refusal = object({
  kind: oneOfWords(refusalKinds),
  node: name,
  reason: string(reasonMaxBytes),
})

const version: Shape<VersionBase> = object({
  wallMs: integer(0),
  counter: integer(0),
  writer: name,
})

const outcomeFields = object({
  type: oneOfWords(['commit', 'abort']),
  version: optionalOf(version),
  refusal: optionalOf(refusal),
})

/** Shape of an {@link Outcome}. */
export const outcomeShape: Shape<Outcome> = {
  check(value, field) {
    const { type, version, refusal } = outcomeFields.check(value, field)
    if (type === 'commit' && version) return { type, version }
    if (type === 'abort' && refusal) return { type, refusal }
    throw new FoundationError('FND_FRAME_INVALID', `Field ${field}: expected an outcome`)
  },
}

/** Shape of a {@link Proposal}. */
export const proposalShape: Shape<Proposal> = object({
  txid: txidShape,
  participants: array(life, membersMax),
  entries: array(entry, entriesMax),
  hash,
  timeoutMs: integer(1),
  trace: optionalOf(bytes(traceMaxBytes)),
})

const vote = object({ txid: txidShape, hash, refusal: optionalOf(refusal) })
const decision = object({ txid: txidShape, hash, outcome: outcomeShape })
const ack = object({ txid: txidShape })
const inquiry = object({ txid: txidShape, incarnation })
const answer = object({ txid: txidShape, outcome: optionalOf(outcomeShape) })

/** Each kind of message, by the name it has in {@link CommitMessage}. */
const kinds: { readonly [T in CommitMessage['type']]: Message<object> } = {
  prepare: message(messageCodes.configPrepare, proposalShape),
  vote: message(messageCodes.configVote, vote),
  decision: message(messageCodes.configDecision, decision),
  ack: message(messageCodes.configAck, ack),
  inquiry: message(messageCodes.configInquiry, inquiry),
  answer: message(messageCodes.configAnswer, answer),
}

const types = Object.keys(kinds) as CommitMessage['type'][]

/** The code of each kind of message, and how its body is read. */
export const commitReaders: readonly {
  readonly code: number
  /** @throws {FoundationError} `FND_FRAME_INVALID` */
  readonly read: (body: Uint8Array) => CommitMessage
}[] = types.map((type) => ({
  code: kinds[type].code,
  read: (body) => ({ type, ...kinds[type].decode(body) }) as CommitMessage,
}))

/**
 * The payload of a message.
 *
 * @throws {FoundationError} `FND_MESSAGE_INVALID`
 */
export function encodeCommit({ type, ...body }: CommitMessage): Buffer {
  return kinds[type].encode(body)
}
