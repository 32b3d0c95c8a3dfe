/**
 * This node's part in each commit, told to telemetry: a span from the proposal to the outcome, in the
 * trace of whoever began the commit.
 */
import {
  deferred,
  keepContext,
  runInTrace,
  type Deferred,
  type KeptContext,
  type SpanNote,
  type Telemetry,
  type TraceContext,
} from '../kernel/index.ts'
import { readTraceBlock } from '../wire/index.ts'
import type { PartWatcher } from './commit/protocol-deps.ts'
import {
  txidText,
  type Outcome,
  type Proposal,
  type Refusal,
  type Txid,
} from './commit/transaction.ts'
import { shownPaths } from './config-telemetry.ts'

interface OpenPart {
  readonly note: SpanNote<'config.participate'>
  readonly over: Deferred<undefined>
  /** Inside the span. */
  readonly within: KeptContext
  hasVoted: boolean
}

/** One a node. */
export class CommitParts implements PartWatcher {
  readonly #telemetry: Telemetry
  /** As many as the participant holds transactions. */
  readonly #open = new Map<string, OpenPart>()

  constructor(telemetry: Telemetry) {
    this.#telemetry = telemetry
  }

  asked(proposal: Proposal): void {
    const { coordinator: from } = proposal.txid
    const txid = txidText(proposal.txid)
    const facts = (): { from: string; txid: string; paths: string[] } => {
      const paths = proposal.entries.map(({ path }) => path)
      return { from, txid, paths: shownPaths(paths) }
    }
    const begin = (note: OpenPart['note']): Promise<undefined> => {
      const over = deferred<undefined>()
      this.#open.set(txid, { note, over, within: keepContext(), hasVoted: false })
      return over.promise
    }
    runInTrace(traceOf(proposal), () => {
      void this.#telemetry.span('config.participate', facts, begin)
    })
  }

  within<T>(id: Txid, work: () => T): T {
    const part = this.#open.get(txidText(id))
    return part ? part.within(work) : work()
  }

  voted(id: Txid, refusal: Refusal | undefined): void {
    const txid = txidText(id)
    const part = this.#open.get(txid)
    // The same vote may be sent again.
    if (!part || part.hasVoted) return
    part.hasVoted = true
    const vote = refusal?.kind ?? 'yes'
    part.note(() => ({ vote }))
    const facts = (): { txid: string; vote: string; reason: string | undefined } => ({
      ...{ txid, vote, reason: refusal?.reason },
    })
    this.#telemetry.execute('config.vote.given', { count: 1 }, facts)
  }

  ended(id: Txid, outcome: Outcome['type'] | undefined): void {
    const txid = txidText(id)
    const part = this.#open.get(txid)
    if (!part) return
    this.#open.delete(txid)
    part.note(() => ({ outcome }))
    part.over.resolve(undefined)
  }

  /** The node stops: what is not over is not followed any further. */
  stop(): void {
    for (const { over } of this.#open.values()) over.resolve(undefined)
    this.#open.clear()
  }
}

/** The trace a transaction was proposed in. One that cannot be read must never fail a commit. */
export function traceOf({ trace }: Proposal): TraceContext | undefined {
  if (!trace) return undefined
  try {
    return readTraceBlock(trace, 0).trace
  } catch {
    return undefined
  }
}
