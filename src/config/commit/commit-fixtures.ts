/** A node of the commit protocol that stands alone, for tests. */
import { deferred, type Deferred } from '../../kernel/index.ts'
import { CommitProtocol } from './commit-protocol.ts'
import type { JournalEntry } from './effects.ts'
import type { CommitMessage } from './messages.ts'
import type { CommitProtocolDeps } from './protocol-deps.ts'
import type { Outcome, Proposal } from './transaction.ts'

const options = {
  resendAfterMs: 100,
  inDoubtAfterMs: 100,
  inquiryIntervalMs: 100,
  transactionsMax: 8,
  outcomesMax: 100,
}
const participants = [
  { name: 'a', incarnation: '1' },
  { name: 'b', incarnation: '1' },
]
/** An outcome. */
export const commit: Outcome = { type: 'commit', version: { wallMs: 5, counter: 0, writer: 'a' } }

/** Node b, alone with what it sends; time stands still until `pass`. */
export class Bench {
  nowMs = 0
  readonly sent: { to: string; message: CommitMessage }[] = []
  readonly applied: Proposal[] = []
  readonly written: { entry: JournalEntry; done: Deferred<boolean> }[] = []
  readonly doubts: Proposal[] = []
  readonly contradictions: unknown[] = []
  readonly failures: string[] = []
  cannotApply = false
  /** A former life whose votes are all in the file. */
  remembered: string | undefined
  readonly protocol: CommitProtocol
  #timer: { atMs: number; run: () => void } | undefined

  constructor(name: string, hasFile: boolean, hasValidators = true) {
    const host: CommitProtocolDeps['host'] = {
      nowMs: () => this.nowMs,
      defer: setImmediate,
      after: (delayMs, run) => {
        const timer = { atMs: this.nowMs + delayMs, run }
        this.#timer = timer
        return {
          cancel: () => {
            if (this.#timer === timer) this.#timer = undefined
          },
        }
      },
    }
    const deps: CommitProtocolDeps = {
      host,
      self: { name, incarnation: '1' },
      peers: () => [],
      stamp: () => ({ wallMs: 9, counter: 0, writer: name }),
      objection: () => undefined,
      remembers: (incarnation) => incarnation === '1' || incarnation === this.remembered,
      isConcerned: () => hasValidators,
      validate: () => Promise.resolve(undefined),
      send: (names, message) => {
        for (const to of names) this.sent.push({ to, message })
      },
      apply: (proposal) => {
        if (this.cannotApply) throw new Error('no room')
        this.applied.push(proposal)
      },
      record: hasFile ? this.#record : undefined,
      inDoubt: (proposal) => this.doubts.push(proposal),
      contradicted: (news) => this.contradictions.push(news),
      failed: ({ message }) => this.failures.push(message),
    }
    this.protocol = new CommitProtocol(deps, options)
  }

  get types(): string[] {
    return this.sent.map(({ to, message }) => `${message.type} to ${to}`)
  }

  pass(ms: number): void {
    const untilMs = this.nowMs + ms
    while (this.#timer && this.#timer.atMs <= untilMs) {
      const { atMs, run } = this.#timer
      this.#timer = undefined
      this.nowMs = Math.max(this.nowMs, atMs)
      run()
    }
    this.nowMs = untilMs
  }

  readonly #record = (entry: JournalEntry): Promise<boolean> => {
    const done = deferred<boolean>()
    this.written.push({ entry, done })
    return done.promise
  }
}

/** A proposal of one setting, to a and b. */
export function proposalOf(counter: number, coordinator = 'a', path = 'x'): Proposal {
  const txid = { coordinator, incarnation: '1', counter }
  return { txid, participants, entries: [{ path, value: 1, after: [] }], hash: 'h', timeoutMs: 50 }
}

/** What was deferred has run. */
export const turn = (): Promise<void> => new Promise(setImmediate)
