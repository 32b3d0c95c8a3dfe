/** What a commit is made of. Types, and their order. */
import type { Version, VersionBase } from '../../replication/index.ts'

/** One life of a node. */
export interface Life {
  readonly name: string
  readonly incarnation: string
}

/** Names a transaction. Ordered: of two that meet, the lower one goes first. */
export interface Txid {
  readonly coordinator: string
  readonly incarnation: string
  readonly counter: number
}

/** One setting to change. Without a value it is deleted. */
export interface CommitEntry {
  readonly path: string
  readonly value?: unknown
  /** The version its coordinator knew. */
  readonly base?: Version
  /** What the record remembers of earlier versions. */
  readonly after: readonly string[]
}

/** What a coordinator proposes. */
export interface Proposal {
  readonly txid: Txid
  /** Frozen: whoever joins later is not asked. */
  readonly participants: readonly Life[]
  readonly entries: readonly CommitEntry[]
  /** Of the entries: a vote and a decision are for exactly these. */
  readonly hash: string
  /** How long the coordinator collects votes. Milliseconds. */
  readonly timeoutMs: number
  /** What caused it, as a trace block. For telemetry and handlers; nothing depends on it. */
  readonly trace?: Buffer | undefined
}

/** Why a transaction is not committed. */
export type RefusalKind =
  | 'validator' // a validator refused a value
  | 'conflict' // another transaction holds a path, or a path has changed meanwhile
  | 'in-doubt' // a path is held by a transaction whose outcome is not known
  | 'view' // a member sees a member the coordinator did not count
  | 'not-synced' // a member does not yet hold the state of the cluster
  | 'storage' // a member cannot write its file
  | 'limit' // a member holds too many transactions
  | 'timeout' // somebody did not vote in time
  | 'gone' // somebody left, or is down
  | 'cancelled' // the caller gave up
  | 'operator' // a person decided

/** All kinds. */
export const refusalKinds: readonly RefusalKind[] = [
  'validator',
  'conflict',
  'in-doubt',
  'view',
  'not-synced',
  'storage',
  'limit',
  'timeout',
  'gone',
  'cancelled',
  'operator',
]

/** Who refused, and why. */
export interface Refusal {
  readonly kind: RefusalKind
  readonly node: string
  readonly reason: string
}

/** What became of a transaction. */
export type Outcome =
  | { readonly type: 'commit'; readonly version: VersionBase }
  | { readonly type: 'abort'; readonly refusal: Refusal }

/** A power of two. */
const textsMax = 64

/** Of the transactions at hand, by their counters: a member asks for the text dozens of times a commit. */
const texts = new Array<{ readonly of: Txid; readonly text: string } | undefined>(textsMax).fill(
  undefined,
)

/** The txid as text, the same on every node. */
export function txidText(txid: Txid): string {
  const place = txid.counter & (textsMax - 1)
  const known = texts[place]
  if (known && isSameTxid(known.of, txid)) return known.text
  const { coordinator, incarnation, counter } = txid
  const text = `${coordinator}/${incarnation}/${String(counter)}`
  texts[place] = { of: { coordinator, incarnation, counter }, text }
  return text
}

function isSameTxid(a: Txid, b: Txid): boolean {
  return (
    a.counter === b.counter && a.incarnation === b.incarnation && a.coordinator === b.coordinator
  )
}

/** The txid a text is of; undefined for any other text. */
export function txidOf(text: string): Txid | undefined {
  // The name of a node may have a slash in it.
  const [, coordinator, incarnation, counter] = /^(.+)\/([^/]+)\/(\d{1,15})$/.exec(text) ?? []
  if (coordinator === undefined || incarnation === undefined) return undefined
  return { coordinator, incarnation, counter: Number(counter) }
}

/** Negative when `a` goes before `b`. */
export function compareTxids(a: Txid, b: Txid): number {
  return (
    compareTexts(a.coordinator, b.coordinator) ||
    compareTexts(a.incarnation, b.incarnation) ||
    a.counter - b.counter
  )
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
