/**
 * The commit protocol alone, on a few nodes, with a network that can do anything to any one message:
 * for the systematic sweeps. Messages of a pair stay in order, as on a link, unless one is made late.
 */
import {
  CommitProtocol,
  configDefaults,
  txidText,
  type CommitMessage,
  type Decision,
  type JournalEntry,
  type Life,
  type Proposal,
} from '../../../src/config/index.ts'
import type { Host } from '../../../src/kernel/index.ts'
import { VirtualClock } from '../../../src/testing/index.ts'
import type { Fault, ProtocolWorldOptions } from './protocol-faults.ts'
import { Witness } from './witness.ts'

const delayMs = 1
const lateMs = 400
const writeMs = 2

/** One life of one node. */
export interface ProtocolLife extends Life {
  readonly protocol: CommitProtocol
  readonly host: Host
  /** What was applied here, by transaction. */
  readonly applied: Map<string, number>
  /** Path to value and version. */
  readonly settings: Map<string, { value: unknown; version: number }>
  readonly inDoubt: string[]
}

/** One a run. */
export class ProtocolWorld {
  readonly clock: VirtualClock
  readonly lives: Map<string, ProtocolLife> = new Map()
  readonly trace: string[] = []
  /** Messages sent so far. */
  sent = 0
  readonly #options: ProtocolWorldOptions
  readonly #files = new Map<string, { incarnation: string; entry: JournalEntry }[]>()
  readonly #witness = new Witness()
  readonly #refusing = new Set<string>()
  /** When the last message of a pair arrives: none may overtake it. */
  readonly #arrivals = new Map<string, number>()
  #births = 0

  constructor(options: ProtocolWorldOptions) {
    this.#options = options
    this.clock = new VirtualClock({ seed: options.seed })
  }

  get violations(): readonly string[] {
    return this.#witness.violations
  }

  /** The validators of this name say no from now on. */
  refuse(name: string): void {
    this.#refusing.add(name)
  }

  begin(name: string): ProtocolLife {
    this.#births += 1
    const self = { name, incarnation: `${name}${String(this.#births)}` }
    const host = this.clock.host(name)
    const settings: ProtocolLife['settings'] = new Map()
    const applied: ProtocolLife['applied'] = new Map()
    const inDoubt: string[] = []
    const protocol = this.#protocolOf({ self, host, settings, applied, inDoubt })
    const life = { ...self, protocol, host, settings, applied, inDoubt }
    this.lives.set(name, life)
    for (const { incarnation, entry } of this.#files.get(name) ?? []) {
      if (entry.type === 'outcome') protocol.outcomes.add(entry.txid, entry.outcome)
      else if (!this.#isDecidedInFile(name, entry.proposal)) {
        protocol.restore(entry.proposal, incarnation)
      }
    }
    for (const other of this.lives.values()) {
      if (other.name === name) continue
      other.protocol.memberBack(name)
      protocol.memberBack(other.name)
    }
    return life
  }

  kill(name: string): void {
    const life = this.lives.get(name)
    if (!life) return
    this.trace.push(`kill ${life.incarnation}`)
    life.protocol.stop()
    this.lives.delete(name)
    this.clock.killed(name)
    for (const other of this.lives.values()) other.protocol.memberGone(name)
    const { rebirthMs } = this.#options
    if (rebirthMs === undefined) return
    this.clock.host('fate').after(rebirthMs, () => {
      if (!this.lives.has(name)) this.begin(name)
    })
  }

  /** The coordinator proposes a value for a path to all that are up. */
  propose(coordinator: string, path: string, value: unknown): Promise<Decision> | undefined {
    const life = this.lives.get(coordinator)
    if (!life) return undefined
    const participants = [...this.lives.values()].map(({ name, incarnation }) => ({
      name,
      incarnation,
    }))
    const txid = life.protocol.nextTxid()
    const proposal: Proposal = {
      txid,
      participants,
      entries: [{ path, value, after: [] }],
      hash: `${txidText(txid)} ${String(value)}`,
      timeoutMs: 200,
    }
    return life.protocol.propose(proposal)
  }

  /** What must hold at any moment. */
  check(): void {
    for (const { incarnation, protocol, applied } of this.lives.values()) {
      for (const { txid, outcome } of protocol.outcomes.entries()) {
        this.#witness.outcome(txidText(txid), outcome.type, incarnation)
      }
      for (const txid of applied.keys()) this.#witness.outcome(txid, 'commit', incarnation)
    }
  }

  /** What must hold once nothing happens any more: nobody is in doubt whom somebody could help. */
  checkTermination(): void {
    for (const life of this.lives.values()) {
      for (const { proposal, state } of life.protocol.held()) {
        const helper = this.#helperFor(proposal)
        if (helper === undefined) continue
        const text = txidText(proposal.txid)
        this.#witness.object(
          `${life.name} still holds ${text} (${state}), and ${helper} could help`,
        )
      }
    }
  }

  #helperFor({ txid, participants }: Proposal): string | undefined {
    for (const { name, incarnation, protocol } of this.lives.values()) {
      if (protocol.outcomes.get(txid)) return `${name}, which knows the outcome,`
      const isDurable = this.#options.isDurable
      const asked = [...participants, { name: txid.coordinator, incarnation: txid.incarnation }]
      const wasAsked = asked.some(
        (life) => life.name === name && (isDurable || life.incarnation === incarnation),
      )
      const isHeld = protocol
        .held()
        .some(({ proposal }) => txidText(proposal.txid) === txidText(txid))
      if (wasAsked && !isHeld) return `${name}, which has not voted,`
    }
    return undefined
  }

  #protocolOf(
    life: Omit<ProtocolLife, 'protocol' | 'name' | 'incarnation'> & { self: Life },
  ): CommitProtocol {
    const { self, host, settings } = life
    // Every second life votes without a turn in between, as nodes without validators do.
    const hasValidators = this.#births % 2 === 1
    return new CommitProtocol(
      {
        self,
        host,
        peers: () => [...this.lives.keys()],
        objection: ({ participants }) =>
          participants.some((one) => one.incarnation === self.incarnation)
            ? undefined
            : { kind: 'view', reason: 'another life was asked' },
        remembers: (incarnation) => this.#options.isDurable || incarnation === self.incarnation,
        stamp: () => {
          const latest = Math.max(0, ...[...settings.values()].map(({ version }) => version))
          return { wallMs: Math.max(host.wallClockMs(), latest + 1), counter: 0, writer: self.name }
        },
        send: (to, message) => {
          for (const name of to) this.#send(self, name, message)
        },
        isConcerned: (entries) => {
          if (hasValidators || this.#refusing.has(self.name)) return true
          for (const { value } of entries) this.#witness.validated(self, value)
          return false
        },
        validate: (entries) => {
          if (this.#refusing.has(self.name)) {
            return Promise.resolve({ kind: 'validator' as const, reason: 'no' })
          }
          for (const { value } of entries) this.#witness.validated(self, value)
          return Promise.resolve(undefined)
        },
        apply: (proposal, { wallMs }) => {
          this.#apply(life, proposal, wallMs)
        },
        record: this.#options.isDurable ? (entry) => this.#write(self, host, entry) : undefined,
        inDoubt: ({ txid }) => life.inDoubt.push(txidText(txid)),
        failed: ({ message }) => {
          this.#witness.object(`${self.name}: a step failed: ${message}`)
        },
        contradicted: ({ txid }) => {
          this.#witness.object(`${self.name}: two outcomes of ${txidText(txid)}`)
        },
      },
      configDefaults,
    )
  }

  #apply(
    { self, applied, settings }: Pick<ProtocolLife, 'applied' | 'settings'> & { self: Life },
    proposal: Proposal,
    version: number,
  ): void {
    applied.set(txidText(proposal.txid), version)
    this.#witness.applied(self, proposal)
    for (const { path, value } of proposal.entries) {
      const former = settings.get(path)
      // As the versioned map: the newer one stays.
      if (!former || former.version < version) settings.set(path, { value, version })
    }
  }

  async #write(self: Life, host: Host, entry: JournalEntry): Promise<boolean> {
    await new Promise<void>((resolve) => host.after(writeMs, resolve))
    const file = this.#files.get(self.name) ?? []
    this.#files.set(self.name, file)
    file.push({ incarnation: self.incarnation, entry })
    return true
  }

  #isDecidedInFile(name: string, { txid }: Proposal): boolean {
    return (this.#files.get(name) ?? []).some(
      ({ entry }) => entry.type === 'outcome' && txidText(entry.txid) === txidText(txid),
    )
  }

  #send(from: Life, to: string, message: CommitMessage): void {
    this.sent += 1
    const fault = this.#options.faults.get(this.sent)
    const label = `${String(this.sent)} ${from.incarnation} to ${to}: ${message.type}`
    this.trace.push(fault ? `${label} (${fault})` : label)
    if (message.type === 'vote' && !message.refusal) {
      this.#witness.votedYes(from, message.txid)
    }
    if (fault === 'kill-sender-first') this.kill(from.name)
    if (fault === 'drop' || fault === 'kill-sender-first') return
    const killRounds = killRoundsOf(fault)
    const deliver = (): void => {
      if (fault === 'kill-receiver-first') this.kill(to)
      // A link joins two lives: what was for a former one is lost with it.
      if (this.lives.get(from.name)?.incarnation === from.incarnation || killRounds > 0)
        this.lives.get(to)?.protocol.receive(message, from.name)
      if (fault === 'kill-receiver-then') this.kill(to)
    }
    this.#deliver({ from: from.name, to, delay: fault === 'late' ? lateMs : delayMs }, deliver)
    if (fault === 'duplicate') this.#deliver({ from: from.name, to, delay: lateMs }, deliver)
    if (killRounds > 0) this.#killSoon(from.name, killRounds)
  }

  /** In this moment, but behind what was to happen in it when `rounds` have gone by. */
  #killSoon(name: string, rounds: number): void {
    this.clock.host('fate').after(0, () => {
      if (rounds > 1) this.#killSoon(name, rounds - 1)
      else this.kill(name)
    })
  }

  #deliver(
    { from, to, delay }: { from: string; to: string; delay: number },
    deliver: () => void,
  ): void {
    const target = this.lives.get(to)
    if (!target) return
    const pair = `${from} ${to}`
    const now = this.clock.nowMs
    const atMs =
      delay > delayMs ? now + delay : Math.max(now + delay, this.#arrivals.get(pair) ?? 0)
    if (delay <= delayMs) this.#arrivals.set(pair, atMs)
    this.clock.host('network').after(atMs - now, () => {
      if (this.lives.get(to) === target) deliver()
    })
  }
}

/** In which round of the same moment the sender is killed that has sent; 0: it is not. */
function killRoundsOf(fault: Fault | undefined): number {
  if (fault === 'kill-sender-then') return 1
  return fault === 'kill-sender-last' ? 2 : 0
}
