/**
 * `file`: peers from a file that is watched. It takes the place of libcluster's ErlangHosts.
 * A file that is missing, empty or broken is unknown, not a list of nobody: the last list stays.
 */
import { watch, type FSWatcher } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import {
  FoundationError,
  integerCheck,
  optional,
  required,
  sleep,
  textCheck,
  toError,
  type Rules,
} from '../../kernel/index.ts'
import type {
  LookupResult,
  PollStrategy,
  StrategyContext,
  StrategyDefinition,
} from '../port/port.ts'
import { readHostList } from './host-list.ts'

/** Options of `file`. */
export interface FileOptions {
  /**
   * The file: a JSON array of "host:port" or of `{ host, port?, nodeName? }`, an object with one in
   * `peers`, or one "host:port" a line with comments from `#`. A relative path begins at the working
   * folder.
   */
  readonly path: string
  /** Port of the hosts that name none, and where this node listens then; its own when left out. 1 to 65535. */
  readonly port: number | undefined
}

/** The rules of {@link FileOptions}. */
export const fileRules: Rules<FileOptions> = {
  path: required(textCheck),
  port: optional(integerCheck({ min: 1, max: 65_535 })),
}

/** The `file` strategy. */
export const fileStrategy: StrategyDefinition<FileOptions> = {
  name: 'file',
  aliases: ['hosts_file'],
  rules: fileRules,
  findsHostsOnly: ({ port }) => port !== undefined,
  create: (options) => new HostsFile(options),
}

const fileMaxBytes = 1_048_576
/** A file that changed a moment ago may be only half written. */
const settleMs = 50
const readsMax = 10

class HostsFile implements PollStrategy {
  readonly kind = 'poll'
  readonly defaults = { pollIntervalMs: 5_000, lookupTimeoutMs: 3_000, prune: 'grace' } as const
  readonly #path: string
  readonly #port: number | undefined
  #watch: (() => FSWatcher) | undefined
  #watcher: FSWatcher | undefined

  constructor({ path, port }: FileOptions) {
    this.#path = resolve(path)
    this.#port = port
  }

  async lookup(context: StrategyContext, signal: AbortSignal): Promise<LookupResult> {
    this.#keepWatching(context.signal)
    try {
      const text = await readSettled(this.#path, context, signal)
      return { peers: readHostList(text, this.#port), complete: true }
    } catch (thrown) {
      const cause = toError(thrown)
      const message = `The file of peers ${this.#path} cannot be used: ${cause.message}`
      throw new FoundationError('FND_DISCOVERY_FAILED', message, { cause })
    }
  }

  watch({ signal }: StrategyContext, look: () => void): void {
    this.#watch = () =>
      // The folder, for a file that is replaced is another file; Kubernetes swaps the link "..data".
      watch(dirname(this.#path), (_, name) => {
        if (name === null || name === basename(this.#path) || name.startsWith('..')) look()
      })
    signal.addEventListener('abort', () => this.#watcher?.close(), { once: true })
  }

  figures(): Record<string, unknown> {
    return { path: this.#path, isWatching: this.#watcher !== undefined }
  }

  /** The folder may not be there yet, or watches may have run out: it is tried at every lookup. */
  #keepWatching(signal: AbortSignal): void {
    if (this.#watcher || !this.#watch || signal.aborted) return
    try {
      const watcher = this.#watch()
      this.#watcher = watcher
      watcher.on('error', () => {
        watcher.close()
        this.#watcher = undefined
      })
    } catch {
      // The poll remains.
    }
  }
}

/** Reads a file that has not changed for a moment; the last reading when it never holds still. */
async function readSettled(
  path: string,
  { host }: StrategyContext,
  signal: AbortSignal,
): Promise<string> {
  for (let reads = 1; ; reads++) {
    const text = await readBounded(path)
    const { mtimeMs } = await stat(path)
    const isSettled = Math.abs(host.wallClockMs() - mtimeMs) >= settleMs
    if (isSettled || reads >= readsMax || !(await sleep(host, settleMs, signal))) return text
  }
}

async function readBounded(path: string): Promise<string> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    if (size > fileMaxBytes) throw new Error(`it has more than ${String(fileMaxBytes)} bytes`)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}
