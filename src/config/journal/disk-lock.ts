/**
 * Who has a file: told by a second one beside it, `<file>.lock`. Node.js offers no lock of the system,
 * so who finds one must know whether its owner lives: by its process when that can be seen from here,
 * else, as from another container, by whether the lock is still touched.
 */
import { open, readFile, rename, stat, unlink, utimes, writeFile } from 'node:fs/promises'
import process from 'node:process'
import { FoundationError, sleep, type Host, type Timer } from '../../kernel/index.ts'
import { lifeOf, placeOfProcesses } from './process-life.ts'

/** Who takes a lock. */
export interface LockTaker {
  readonly host: Host
  /** Name of the node, for people. */
  readonly node: string
}

interface Owner {
  readonly token: string
  readonly node: string
  readonly pid: number
  /** Of that process; another with the same number has another one. */
  readonly life: string
  /** Where the number means something. */
  readonly place: string
}

const mode = 0o600
/** How often an owner touches its lock. */
const beatMs = 2_000
/** A lock that was not touched for so many beats has no owner. */
const silentBeats = 3
/** Of several that take over the lock of a dead owner the last has it; the others see that by then. */
const settleMs = 100

/** Held until it is released, or the process ends in whatever way. */
export class DiskLock {
  readonly #lock: string
  readonly #owner: Owner
  readonly #host: Host
  #state: 'held' | 'lost' | 'released' = 'held'
  #beat: Timer | undefined

  /** @throws {FoundationError} `FND_CONFIG_FILE`: somebody else has it; details tell who. */
  static async take(file: string, { host, node }: LockTaker): Promise<DiskLock> {
    const token = Buffer.from(host.randomBytes(16)).toString('hex')
    const { pid } = process
    const life = (await lifeOf(pid)) ?? ''
    const owner = { token, node, pid, life, place: await placeOfProcesses() }
    const lock = `${file}.lock`
    if (!(await isMade(lock, owner))) await takeOver(file, owner, host)
    return new DiskLock(lock, owner, host)
  }

  private constructor(lock: string, owner: Owner, host: Host) {
    this.#lock = lock
    this.#owner = owner
    this.#host = host
    this.#beatLater()
  }

  /** Throws when another has taken it over: this process did not run for a while. */
  requireHeld(): void {
    if (this.#state === 'lost') throw new Error('another process has taken the file over')
  }

  async release(): Promise<void> {
    this.#beat?.cancel()
    const isOwn = this.#state === 'held' && (await this.#isOwn())
    this.#state = 'released'
    if (isOwn) await unlink(this.#lock).catch(() => undefined)
  }

  #beatLater(): void {
    if (this.#state !== 'held') return
    this.#beat = this.#host.after(beatMs, () => void this.#touch())
  }

  async #touch(): Promise<void> {
    const isOwn = await this.#isOwn()
    if (this.#state !== 'held') return
    if (!isOwn) {
      this.#state = 'lost'
      return
    }
    const seconds = this.#host.wallClockMs() / 1_000
    await utimes(this.#lock, seconds, seconds).catch(() => undefined)
    this.#beatLater()
  }

  async #isOwn(): Promise<boolean> {
    return (await ownerOf(this.#lock))?.token === this.#owner.token
  }
}

/** Makes the lock unless there is one. */
async function isMade(lock: string, owner: Owner): Promise<boolean> {
  try {
    const handle = await open(lock, 'wx', mode)
    await handle.writeFile(JSON.stringify(owner)).finally(() => handle.close())
    return true
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw thrown
  }
}

async function takeOver(file: string, taker: Owner, host: Host): Promise<void> {
  const lock = `${file}.lock`
  const owner = await ownerOf(lock)
  const standing = owner ? await standingOf(owner, taker) : 'unknown'
  if (standing === 'alive' || (standing === 'unknown' && (await isTouched(lock, host)))) {
    throw taken(file, owner)
  }
  const draft = `${lock}.${taker.token}`
  await writeFile(draft, JSON.stringify(taker), { mode })
  await rename(draft, lock)
  await sleep(host, settleMs)
  const winner = await ownerOf(lock)
  if (winner?.token !== taker.token) throw taken(file, winner)
}

async function standingOf(owner: Owner, taker: Owner): Promise<'alive' | 'dead' | 'unknown'> {
  if (owner.place !== taker.place) return 'unknown'
  const life = await lifeOf(owner.pid)
  if (life === undefined || (life !== '' && life !== owner.life)) return 'dead'
  // Another node of this process may have ended without a word, as in tests.
  return owner.pid === taker.pid ? 'unknown' : 'alive'
}

async function isTouched(lock: string, host: Host): Promise<boolean> {
  const first = await touchedMs(lock)
  for (let beat = 0; beat < silentBeats; beat++) {
    await sleep(host, beatMs)
    const now = await touchedMs(lock)
    if (now === undefined) return false
    if (now !== first) return true
  }
  return false
}

async function touchedMs(lock: string): Promise<number | undefined> {
  try {
    return (await stat(lock)).mtimeMs
  } catch {
    return undefined
  }
}

/** Undefined: none, or one that was being written when its process ended. */
async function ownerOf(lock: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(lock, 'utf8')) as Owner
  } catch {
    return undefined
  }
}

function taken(file: string, owner: Owner | undefined): FoundationError {
  const { node, pid } = owner ?? {}
  const who = owner ? `node "${String(node)}" (process ${String(pid)})` : 'another process'
  const message = `Config file ${file} is in use by ${who}; give each node a file of its own`
  return new FoundationError('FND_CONFIG_FILE', message, { details: { node, pid } })
}
