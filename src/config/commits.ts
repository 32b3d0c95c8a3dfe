/** `commit` as callers know it: from changes to a proposal, from an outcome to a result or an error. */
import { hash as digestOf } from 'node:crypto'
import {
  currentTrace,
  FoundationError,
  sleep,
  type ErrorCode,
  type Host,
  type WaitOptions,
} from '../kernel/index.ts'
import type { VersionBase } from '../replication/index.ts'
import { encodeValue, traceBlock } from '../wire/index.ts'
import type { Decision } from './commit/callers.ts'
import type { CommitProtocol } from './commit/commit-protocol.ts'
import { encodeCommit } from './commit/messages.ts'
import {
  txidText,
  type Life,
  type Proposal,
  type Refusal,
  type RefusalKind,
} from './commit/transaction.ts'
import type { CommitNote, ConfigTelemetry } from './config-telemetry.ts'
import type { ConfigOptions } from './options.ts'
import type { Quorum } from './quorum-roster.ts'
import { versionId } from './record/record.ts'
import type { Settings } from './settings.ts'

/** A commit that was made. */
export interface Commit {
  readonly txid: string
  readonly version: VersionBase
  /** Everybody who was asked, and said yes. */
  readonly participants: readonly string[]
  /** Those who had applied it when `commit` resolved: all that could be reached. */
  readonly acknowledged: readonly string[]
}

/** What commits talk to. */
export interface CommitsDeps {
  readonly host: Host
  readonly telemetry: ConfigTelemetry
  readonly protocol: CommitProtocol
  readonly settings: Settings
  /** All members in view now, this node included, but for those that only look on. */
  readonly participants: () => readonly Life[]
  readonly quorum: () => Quorum
  readonly payloadMaxBytes: number
}

const codes: Readonly<Record<RefusalKind, ErrorCode>> = {
  validator: 'FND_CONFIG_REFUSED',
  conflict: 'FND_CONFIG_CONFLICT',
  'in-doubt': 'FND_CONFIG_IN_DOUBT',
  view: 'FND_CONFIG_ABORTED',
  'not-synced': 'FND_CONFIG_ABORTED',
  storage: 'FND_CONFIG_ABORTED',
  limit: 'FND_LIMIT_REACHED',
  timeout: 'FND_CONFIG_ABORTED',
  gone: 'FND_CONFIG_ABORTED',
  cancelled: 'FND_CONFIG_ABORTED',
  operator: 'FND_CONFIG_ABORTED',
}

/** What passes by itself when members have seen each other: tried again within the deadline. */
const passing: readonly RefusalKind[] = ['view', 'not-synced']
const retryMinMs = 20
const retryMaxMs = 100

/** One a node. */
export class Commits {
  readonly #deps: CommitsDeps
  readonly #options: ConfigOptions

  constructor(deps: CommitsDeps, options: ConfigOptions) {
    this.#deps = deps
    this.#options = options
  }

  /** See `Config.commit`. */
  commit(changes: ReadonlyMap<string, unknown>, given: WaitOptions): Promise<Commit> {
    return this.#deps.telemetry.commit(changes.keys(), (note) => this.#commit(changes, given, note))
  }

  async #commit(
    changes: ReadonlyMap<string, unknown>,
    given: WaitOptions,
    note: CommitNote,
  ): Promise<Commit> {
    const { host } = this.#deps
    const timeoutMs = given.timeoutMs ?? this.#options.commitTimeoutMs
    const deadlineMs = host.nowMs() + timeoutMs
    for (;;) {
      given.signal?.throwIfAborted()
      this.#requireQuorum()
      const proposal = this.#proposalOf(changes, Math.ceil(deadlineMs - host.nowMs()))
      const txid = txidText(proposal.txid)
      const participants = proposal.participants.map(({ name }) => name)
      note(() => ({ txid, participants }))
      const { outcome, settled } = await this.#put(proposal, given.signal)
      if (outcome.type === 'commit') {
        const { version } = outcome
        note(() => ({ version: versionId(version) }))
        return { txid, version, participants, acknowledged: await settled }
      }
      const waitMs = retryMinMs + host.random() * (retryMaxMs - retryMinMs)
      const isPassing = passing.includes(outcome.refusal.kind)
      if (!isPassing || host.nowMs() + waitMs >= deadlineMs)
        throw refused(proposal, outcome.refusal)
      await sleep(host, waitMs, given.signal)
    }
  }

  #requireQuorum(): void {
    if (!this.#options.requireQuorum) return
    const { present, needed, size } = this.#deps.quorum()
    if (present >= needed) return
    const message =
      `Commit refused: ${String(present)} of ${String(size)} known members are in view, ` +
      `${String(needed)} are needed; wait for the others, or have those that are gone for good leave`
    throw new FoundationError('FND_NO_QUORUM', message, { details: { present, needed, size } })
  }

  #proposalOf(changes: ReadonlyMap<string, unknown>, timeoutMs: number): Proposal {
    const { settings, protocol, participants, payloadMaxBytes } = this.#deps
    const entries = settings.entriesFor(changes)
    if (entries.length > this.#options.entriesMax) {
      const message =
        `Commit of ${String(entries.length)} settings, more than config.entriesMax ` +
        `(${String(this.#options.entriesMax)}); commit fewer at once`
      throw new FoundationError('FND_LIMIT_REACHED', message)
    }
    const encoded = encodeValue(entries)
    const hash = digestOf('sha256', encoded, 'hex').slice(0, 16)
    const asked = participants()
    const txid = protocol.nextTxid()
    settings.requireRoom({ txid, entries }, encoded.length)
    const trace = currentTrace()
    const plain = { txid, participants: asked, entries, hash, timeoutMs: Math.max(1, timeoutMs) }
    const proposal = trace ? { ...plain, trace: traceBlock(trace) } : plain
    if (encoded.length + besideEntriesMaxBytes(asked) <= payloadMaxBytes) return proposal
    const { length } = encodeCommit({ type: 'prepare', ...proposal })
    if (length <= payloadMaxBytes) return proposal
    const message = `Commit of ${String(length)} bytes, more than ${String(payloadMaxBytes)}; commit less at once`
    throw new FoundationError('FND_MESSAGE_TOO_LARGE', message)
  }

  async #put(proposal: Proposal, signal: AbortSignal | undefined): Promise<Decision> {
    const { protocol } = this.#deps
    const onAbort = (): void => {
      protocol.cancel(proposal.txid, 'its caller gave up')
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      const decision = await protocol.propose(proposal)
      if (decision.outcome.type === 'abort') signal?.throwIfAborted()
      return decision
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }
}

/** What a proposal may have beside its entries: names and lives of 255 bytes, a trace of 512. */
function besideEntriesMaxBytes({ length: members }: readonly Life[]): number {
  return 2_048 + 640 * members
}

function refused({ txid, entries }: Proposal, { kind, node, reason }: Refusal): FoundationError {
  const paths = entries.map(({ path }) => path)
  const message = `Commit of "${paths.slice(0, 5).join('", "')}" aborted, nothing was changed: ${node}: ${reason}`
  const details = { kind, node, reason, paths, txid: txidText(txid) }
  return new FoundationError(codes[kind], message, { details })
}
