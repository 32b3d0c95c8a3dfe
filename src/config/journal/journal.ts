/**
 * The journal: votes, decisions and settings in one file that is only added to. What must not be said
 * before it is on the disk waits for that; all that waits goes in one write. When the system refuses a
 * write, votes are refused too, and the node goes on as a member.
 */
import { FoundationError, isFoundationError, toError, type Log } from '../../kernel/index.ts'
import type { ConfigFile, OpenConfigFile } from './config-file.ts'
import {
  readJournal,
  recordBytes,
  type JournalContents,
  type JournalRecord,
} from './journal-record.ts'

/** What a journal talks to. */
export interface JournalDeps {
  readonly open: OpenConfigFile
  readonly log: Log
  /** All that is worth keeping now, for a file written anew. */
  readonly snapshot: () => readonly JournalRecord[]
}

/** How a journal does. */
export interface JournalStats {
  readonly state: 'ok' | 'refused' | 'closed'
  /** Why the last write was refused. */
  readonly problem?: string
  readonly bytes: number
}

interface Waiting {
  readonly bytes: Buffer
  readonly done: (isDurable: boolean) => void
}

/** One a node that has a file. */
export class Journal {
  readonly #deps: JournalDeps
  readonly #path: string
  readonly #maxBytes: number
  #file: ConfigFile | undefined
  #waiting: Waiting[] = []
  #state: 'ok' | 'refused' | 'closed' = 'closed'
  #problem: string | undefined
  #length = 0
  #writing: Promise<void> | undefined

  constructor(path: string, deps: JournalDeps, maxBytes: number) {
    this.#path = path
    this.#deps = deps
    this.#maxBytes = maxBytes
  }

  /**
   * Opens the file and reads it; a record that was being written when the process ended is cut off. A
   * file that is not a journal is left as it is.
   *
   * @throws {FoundationError} `FND_CONFIG_FILE`
   */
  async open(): Promise<JournalContents> {
    try {
      this.#file = await this.#deps.open(this.#path)
      const contents = readJournal(await this.#file.read())
      if (contents.condition === 'foreign') throw foreign(this.#path)
      await this.#file.truncate(contents.length)
      this.#length = contents.length
      this.#state = 'ok'
      return contents
    } catch (thrown) {
      await this.close()
      if (isFoundationError(thrown)) throw thrown
      const cause = toError(thrown)
      const message = `Cannot use the config file ${this.#path} (${cause.message}); check its folder and rights`
      throw new FoundationError('FND_CONFIG_FILE', message, { cause })
    }
  }

  /** Adds a record; gives whether it is on the disk. Never rejects. */
  append(record: JournalRecord): Promise<boolean> {
    const bytes = this.#state === 'closed' ? undefined : this.#bytesOf(record)
    if (!bytes) return Promise.resolve(false)
    return new Promise((done) => {
      this.#waiting.push({ bytes, done })
      this.#writing ??= this.#writeAll()
    })
  }

  get path(): string {
    return this.#path
  }

  stats(): JournalStats {
    return {
      state: this.#state,
      bytes: this.#length,
      ...(this.#problem !== undefined && { problem: this.#problem }),
    }
  }

  /** Writes what waits, then closes the file. */
  async close(): Promise<void> {
    await this.#writing
    this.#state = 'closed'
    await this.#file?.close().catch(() => undefined)
    this.#file = undefined
  }

  /** Nobody of this version makes a record that has no bytes; a peer of another may. */
  #bytesOf(record: JournalRecord): Buffer | undefined {
    try {
      return recordBytes(record)
    } catch (thrown) {
      const fields = { error: toError(thrown), file: this.#path, record: record.type }
      this.#deps.log.error(fields, 'a record cannot be written to the config file')
      return undefined
    }
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      const isDurable = await this.#write(batch.map(({ bytes }) => bytes))
      for (const { done } of batch) done(isDurable)
    }
    this.#writing = undefined
  }

  async #write(parts: readonly Buffer[]): Promise<boolean> {
    const bytes = Buffer.concat(parts)
    try {
      if (this.#state === 'refused' || this.#length + bytes.length > this.#maxBytes) {
        await this.#rewrite(bytes)
      } else {
        await this.#file?.write(bytes, this.#length)
        this.#length += bytes.length
      }
      this.#succeeded()
      return true
    } catch (thrown) {
      await this.#failed(toError(thrown))
      return false
    }
  }

  /** Without what is settled; and after a refusal with what was not written then. */
  async #rewrite(last: Buffer): Promise<void> {
    const all = this.#deps.snapshot().flatMap((record) => this.#bytesOf(record) ?? [])
    const bytes = Buffer.concat([...all, last])
    await this.#file?.replace(bytes)
    this.#length = bytes.length
  }

  #succeeded(): void {
    if (this.#state === 'refused') {
      this.#deps.log.info({ file: this.#path }, 'the config file can be written again')
    }
    this.#state = 'ok'
    this.#problem = undefined
  }

  /** What was written in part must not stand before what is written next. */
  async #failed(error: Error): Promise<void> {
    if (this.#state === 'ok') {
      this.#deps.log.error(
        { error, file: this.#path },
        'the config file cannot be written: a restart of this node forgets what is set now',
      )
    }
    this.#state = 'refused'
    this.#problem = error.message
    await this.#file?.truncate(this.#length).catch(() => undefined)
  }
}

function foreign(path: string): FoundationError {
  const message =
    `${path} is not a config file of Foundation and was left as it is; ` +
    `give config.file a path of its own: the file is made`
  return new FoundationError('FND_CONFIG_FILE', message)
}
