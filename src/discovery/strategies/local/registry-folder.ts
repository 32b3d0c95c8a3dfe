/**
 * The registry folder on disk: made private, written atomically, read with suspicion.
 */
import { lstat, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FoundationError } from '../../../kernel/index.ts'
import {
  decodeEntry,
  encodeEntry,
  entryFileName,
  entryMaxBytes,
  isEntryFileName,
  type RegistryEntry,
} from './registry-entry.ts'

/** Files looked at in one scan; more are left out and counted. */
const filesMax = 1_024
const privateMode = 0o700

/** One readable file. `ageMs` by its time of last change. */
export interface FoundEntry {
  readonly fileName: string
  readonly entry: RegistryEntry
  readonly ageMs: number
}

/** What a scan found. */
export interface FolderScan {
  readonly entries: readonly FoundEntry[]
  /** Files that are torn, foreign, too large or over the bound. */
  readonly ignored: number
}

/** One folder of entries. */
export class RegistryFolder {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /**
   * Makes the folder and the one above it, for this user only.
   *
   * @throws {FoundationError} `FND_DISCOVERY_FAILED` when one of them is a link, belongs to
   *   somebody else or is open to others: what is in it could be a trap.
   */
  async prepare(): Promise<void> {
    for (const path of [dirname(this.path), this.path]) {
      await mkdir(path, { recursive: true, mode: privateMode })
      await requirePrivate(path)
    }
  }

  /** Puts the entry in place in one step: readers see all of it or nothing. */
  async write(entry: RegistryEntry): Promise<void> {
    const target = join(this.path, entryFileName(entry.incarnation))
    const draft = `${target}.${String(process.pid)}.draft`
    await writeFile(draft, encodeEntry(entry), { mode: 0o600 })
    await rename(draft, target)
  }

  /** Does nothing when it is gone already. */
  async remove(fileName: string): Promise<void> {
    await rm(join(this.path, fileName), { force: true })
  }

  async scan(wallClockMs: number): Promise<FolderScan> {
    const names = (await readdir(this.path)).filter((name) => name.endsWith('.json')).sort()
    const taken = names.slice(-filesMax).filter(isEntryFileName)
    const read = await Promise.all(taken.map((name) => this.#read(name, wallClockMs)))
    const entries = read.filter((found) => found !== undefined)
    return { entries, ignored: names.length - entries.length }
  }

  async #read(fileName: string, wallClockMs: number): Promise<FoundEntry | undefined> {
    try {
      const path = join(this.path, fileName)
      const stat = await lstat(path)
      if (!stat.isFile() || stat.size > entryMaxBytes) return undefined
      const entry = decodeEntry(await readStart(path))
      return entry && { fileName, entry, ageMs: wallClockMs - stat.mtimeMs }
    } catch {
      return undefined // Removed meanwhile, or unreadable: counted as ignored.
    }
  }
}

/** At most the allowed bytes, however large the file has become meanwhile. */
async function readStart(path: string): Promise<string> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(entryMaxBytes), 0, entryMaxBytes, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}

async function requirePrivate(path: string): Promise<void> {
  const stat = await lstat(path)
  const uid = process.getuid?.()
  if (!stat.isDirectory()) throw unsafe(path, 'is not a folder')
  if (uid === undefined) return // Windows: folders of a user are private by their access list.
  if (stat.uid !== uid) throw unsafe(path, 'belongs to another user')
  if ((stat.mode & 0o077) !== 0) throw unsafe(path, 'is open to other users (chmod 700 it)')
}

function unsafe(path: string, problem: string): FoundationError {
  const message = `The registry folder ${path} ${problem}; local discovery will not use it`
  return new FoundationError('FND_DISCOVERY_FAILED', message, { details: { path, problem } })
}
