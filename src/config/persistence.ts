/** What of config outlives the process: which records the journal gets, and what they bring back. */
import type { Log } from '../kernel/index.ts'
import type { MapSpace, Version } from '../replication/index.ts'
import type { CommitProtocol } from './commit/commit-protocol.ts'
import type { JournalEntry } from './commit/effects.ts'
import type { OpenConfigFile } from './journal/config-file.ts'
import type { JournalContents, JournalRecord } from './journal/journal-record.ts'
import { Journal, type JournalStats } from './journal/journal.ts'

/** What persistence talks to. */
export interface PersistenceDeps {
  readonly open: OpenConfigFile
  readonly log: Log
  readonly space: MapSpace
  readonly protocol: () => CommitProtocol
  readonly incarnation: string
}

/** Lives remembered; older ones count as unknown. */
const livesMax = 1_024

/** One a node that has a file. */
export class Persistence {
  readonly #deps: PersistenceDeps
  readonly #journal: Journal
  /** Lives whose every vote is in the file. */
  readonly #lives = new Set<string>()

  constructor(file: { path: string; maxBytes: number }, deps: PersistenceDeps) {
    this.#deps = deps
    const { open, log } = deps
    const snapshot = (): readonly JournalRecord[] => this.#snapshot()
    this.#journal = new Journal(file.path, { open, log, snapshot }, file.maxBytes)
  }

  /** Whether every vote of that life is in the file. */
  remembers(incarnation: string): boolean {
    return this.#lives.has(incarnation)
  }

  /**
   * Reads the file, and writes that a new life begins.
   *
   * @throws {FoundationError} `FND_CONFIG_FILE`
   */
  async start(): Promise<void> {
    const contents = await this.#journal.open()
    this.#restore(contents)
    const { incarnation } = this.#deps
    if (await this.#journal.append({ type: 'life', incarnation })) this.#lives.add(incarnation)
  }

  /** Gives whether the entry is on the disk. */
  record(entry: JournalEntry): Promise<boolean> {
    const { incarnation } = this.#deps
    return this.#journal.append(entry.type === 'vote' ? { ...entry, incarnation } : entry)
  }

  /** A setting has changed; nobody waits for this to be written. */
  changed(path: string, version: Version): void {
    void this.#journal.append(settingOf(path, this.#deps.space, version))
  }

  stats(): JournalStats {
    return this.#journal.stats()
  }

  stop(): Promise<void> {
    return this.#journal.close()
  }

  #restore({ records, condition }: JournalContents): void {
    if (condition === 'damaged') {
      const what =
        'the config file is damaged: what follows the damage is not used, and comes from peers'
      this.#deps.log.warn({ file: this.#journal.path }, what)
    }
    const protocol = this.#deps.protocol()
    for (const record of records) this.#restoreOne(record, condition !== 'damaged')
    for (const record of records) {
      // Its outcome was written, or a setting of it was.
      if (record.type !== 'vote' || protocol.outcomes.get(record.proposal.txid)) continue
      protocol.restore(record.proposal, record.incarnation)
    }
  }

  #restoreOne(record: JournalRecord, isWhole: boolean): void {
    const { outcomes } = this.#deps.protocol()
    switch (record.type) {
      case 'life':
        if (isWhole) this.#addLife(record.incarnation)
        return
      case 'outcome':
        outcomes.add(record.txid, record.outcome)
        return
      case 'forgotten':
        outcomes.forget(record.life, record.counter)
        return
      case 'setting':
        this.#deps.space.adopt(record.path, record.value, record.version)
        return
      case 'vote':
    }
  }

  #addLife(incarnation: string): void {
    this.#lives.add(incarnation)
    if (this.#lives.size <= livesMax) return
    for (const oldest of this.#lives) {
      this.#lives.delete(oldest)
      return
    }
  }

  /** Only what is needed to go on from here. */
  #snapshot(): readonly JournalRecord[] {
    const { space, protocol } = this.#deps
    const { outcomes, held } = { outcomes: protocol().outcomes, held: protocol().held() }
    const lives = [...this.#lives].map((incarnation): JournalRecord => ({
      type: 'life',
      incarnation,
    }))
    const forgotten = [...outcomes.forgotten()].map(([life, counter]): JournalRecord => ({
      type: 'forgotten',
      life,
      counter,
    }))
    const known = [...outcomes.entries()].map(({ txid, outcome }): JournalRecord => ({
      type: 'outcome',
      txid,
      outcome,
    }))
    const votes = held
      .filter(({ state }) => state !== 'waiting' && state !== 'checking')
      .map(({ proposal, incarnation }): JournalRecord => ({ type: 'vote', proposal, incarnation }))
    const settings = [...space.entries()].map(([path, { value, version }]): JournalRecord => ({
      type: 'setting',
      path,
      value,
      version,
    }))
    return [...lives, ...forgotten, ...known, ...votes, ...settings]
  }
}

function settingOf(path: string, space: MapSpace, version: Version): JournalRecord {
  const value = space.get(path)?.value
  return { type: 'setting', path, version, ...(value !== undefined && { value }) }
}
