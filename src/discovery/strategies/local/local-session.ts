/**
 * One run of `local`, from start to stop: keeps the own file in the registry folder and turns the
 * files of others into hints. The folder is watched; a slow poll covers file systems that do not
 * tell of changes.
 */
import { watch, type FSWatcher } from 'node:fs'
import { jitter, sleep, toError } from '../../../kernel/index.ts'
import { parseAddress } from '../../port/address.ts'
import type { PeerHint, StrategyContext } from '../../port/port.ts'
import { ownStamp, systemProcessView } from './process-view.ts'
import { entryFileName, isStale, type ProcessView, type RegistryEntry } from './registry-entry.ts'
import { RegistryFolder, type FoundEntry } from './registry-folder.ts'

/** Where a session looks, and how often. */
export interface LocalSessionOptions {
  /** The cluster's own folder. */
  readonly path: string
  /** Between two looks that no change asked for, moved by up to 20 %. */
  readonly rescanMs: number
}

/** The own file is renewed this often, so that nodes in other containers know it is current. */
const renewMs = 30_000

/** One run, from start to stop. */
export class LocalSession {
  readonly #context: StrategyContext
  readonly #rescanMs: number
  readonly #folder: RegistryFolder
  readonly #processes: ProcessView = systemProcessView()
  readonly #stopping = new AbortController()
  readonly #listed = new Map<string, PeerHint>()
  #watcher: FSWatcher | undefined
  #written: RegistryEntry | undefined
  #writtenMs = -Infinity
  #task: Promise<void> | undefined
  #looking: Promise<void> | undefined
  #mustLookAgain = false
  #ignored = 0
  #cleaned = 0
  #complaint: string | undefined

  constructor(context: StrategyContext, { path, rescanMs }: LocalSessionOptions) {
    this.#context = context
    this.#rescanMs = rescanMs
    this.#folder = new RegistryFolder(path)
  }

  /** @throws {FoundationError} `FND_DISCOVERY_FAILED` when the folder is not safe to use. */
  async start(): Promise<void> {
    await this.#folder.prepare()
    if (this.#stopping.signal.aborted) return
    this.#watch()
    await this.look()
    this.#task = this.#lookForever()
  }

  /** Takes the own file away. Never throws. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return
    this.#stopping.abort()
    this.#watcher?.close()
    await Promise.all([this.#task, this.#looking])
    if (!this.#written) return
    const fileName = entryFileName(this.#written.incarnation)
    await this.#folder.remove(fileName).catch(() => undefined) // Others clean up after us then.
  }

  figures(): Record<string, unknown> {
    const isWatching = this.#watcher !== undefined
    const { path } = this.#folder
    return { folder: path, isWatching, ignoredFiles: this.#ignored, cleanedFiles: this.#cleaned }
  }

  /** Looks now; a call while it looks makes it look once more. Never throws. */
  look(): Promise<void> {
    this.#mustLookAgain = true
    this.#looking ??= this.#lookUntilDone().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #lookUntilDone(): Promise<void> {
    while (this.#mustLookAgain && !this.#stopping.signal.aborted) {
      this.#mustLookAgain = false
      try {
        await this.#announce()
        await this.#scan()
        this.#complain(undefined)
      } catch (error) {
        this.#complain(toError(error).message)
      }
    }
  }

  async #lookForever(): Promise<void> {
    const { host } = this.#context
    const { signal } = this.#stopping
    while (await sleep(host, jitter(this.#rescanMs, 0.2, host.random()), signal)) {
      if (!this.#watcher) this.#watch()
      await this.look()
    }
  }

  #watch(): void {
    try {
      const watcher = watch(this.#folder.path, (_, fileName) => {
        if (fileName?.endsWith('.json') !== false) void this.look()
      })
      watcher.on('error', () => {
        watcher.close() // The folder went away; the poll goes on and watches again.
        this.#watcher = undefined
      })
      this.#watcher = watcher
    } catch {
      this.#watcher = undefined // No watches here, or none left: the poll remains.
    }
  }

  /** Writes the own file when it is missing, has changed or must be renewed. */
  async #announce(): Promise<void> {
    const { self, host } = this.#context
    const { name, incarnation, addresses } = self
    if (addresses.length === 0) return
    const isSame = this.#written?.addresses.join() === addresses.join()
    if (isSame && host.nowMs() - this.#writtenMs < renewMs) return
    await this.#folder.prepare()
    this.#written = { name, incarnation, addresses: [...addresses], process: ownStamp() }
    await this.#folder.write(this.#written)
    this.#writtenMs = host.nowMs()
  }

  async #scan(): Promise<void> {
    const { entries, ignored } = await this.#folder.scan(this.#context.host.wallClockMs())
    if (this.#stopping.signal.aborted) return
    this.#ignored = ignored
    const present = new Set<string>()
    for (const found of entries) {
      if (isStale(found.entry, found.ageMs, this.#processes)) await this.#clean(found)
      else if (found.entry.incarnation !== this.#context.self.incarnation)
        this.#seen(found, present)
      else present.add(found.fileName)
    }
    const hasOwn = entries.some(({ entry }) => entry.incarnation === this.#written?.incarnation)
    if (!hasOwn) this.#writtenMs = -Infinity // Somebody cleaned up; the next look writes it again.
    for (const [fileName, peer] of this.#listed)
      if (!present.has(fileName)) this.#gone(fileName, peer)
  }

  #seen({ fileName, entry }: FoundEntry, present: Set<string>): void {
    const [first = ''] = entry.addresses
    const address = parseAddress(first)
    if (!address) return
    const { name: nodeName, incarnation, addresses } = entry
    const { cluster } = this.#context.self
    const peer = { ...address, nodeName, cluster, addresses, meta: { incarnation } }
    present.add(fileName)
    this.#listed.set(fileName, peer)
    this.#context.emit({ type: 'seen', peer })
  }

  /** Its file is gone: it stopped, or died and was cleaned up. */
  #gone(fileName: string, peer: PeerHint): void {
    this.#listed.delete(fileName)
    const isReplaced = [...this.#listed.values()].some((other) => other.nodeName === peer.nodeName)
    if (!isReplaced) this.#context.emit({ type: 'gone', peer, reason: 'unlisted' })
  }

  async #clean({ fileName }: FoundEntry): Promise<void> {
    this.#cleaned += 1
    await this.#folder.remove(fileName)
  }

  #complain(complaint: string | undefined): void {
    if (complaint === this.#complaint) return
    this.#complaint = complaint
    const state = complaint === undefined ? 'ok' : 'degraded'
    const detail = complaint ?? 'the registry folder can be used again'
    this.#context.emit({ type: 'health', state, detail })
  }
}
