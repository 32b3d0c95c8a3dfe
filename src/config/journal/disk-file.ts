/** The file of the journal on a real disk. */
import { constants } from 'node:fs'
import { open, realpath, rename, unlink, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import type { ConfigFile, OpenConfigFile } from './config-file.ts'
import { DiskLock, type LockTaker } from './disk-lock.ts'

/** Only this user may read it: settings may hold what others must not see. */
const mode = 0o600

/** Gives what opens, or makes, files for this node and no other process. Their folder must be there. */
export function diskFiles(taker: LockTaker): OpenConfigFile {
  return async (file) => {
    const handle = await open(file, constants.O_RDWR | constants.O_CREAT, mode)
    try {
      await syncFolderOf(file)
      // One lock for one file, by whatever links it is reached.
      const real = await realpath(file)
      return new DiskFile(real, handle, await DiskLock.take(real, taker))
    } catch (thrown) {
      await handle.close()
      throw thrown
    }
  }
}

class DiskFile implements ConfigFile {
  readonly #file: string
  readonly #lock: DiskLock
  #handle: FileHandle

  constructor(file: string, handle: FileHandle, lock: DiskLock) {
    this.#file = file
    this.#lock = lock
    this.#handle = handle
  }

  async read(): Promise<Uint8Array> {
    const { size } = await this.#handle.stat()
    const bytes = Buffer.alloc(size)
    const { bytesRead } = await this.#handle.read(bytes, 0, size, 0)
    return bytes.subarray(0, bytesRead)
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    this.#lock.requireHeld()
    await writeAll(this.#handle, bytes, offset)
    await this.#handle.datasync()
  }

  async truncate(length: number): Promise<void> {
    this.#lock.requireHeld()
    await this.#handle.truncate(length)
    await this.#handle.datasync()
  }

  /** A rename is whole or not at all; the folder must be synced for it to last. */
  async replace(bytes: Uint8Array): Promise<void> {
    this.#lock.requireHeld()
    const draft = `${this.#file}.${String(process.pid)}.new`
    const handle = await open(draft, 'w+', mode)
    try {
      await writeAll(handle, bytes, 0)
      await handle.sync()
      await rename(draft, this.#file)
      await syncFolderOf(this.#file)
    } catch (thrown) {
      await handle.close()
      await unlink(draft).catch(() => undefined)
      throw thrown
    }
    const former = this.#handle
    this.#handle = handle
    await former.close()
  }

  async close(): Promise<void> {
    await this.#handle.close()
    await this.#lock.release()
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, offset + at)
    at += bytesWritten
  }
}

/** Windows cannot open a folder, and does not need it. */
async function syncFolderOf(file: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path.dirname(path.resolve(file)), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
