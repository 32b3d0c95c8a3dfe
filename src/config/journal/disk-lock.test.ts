import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { describe, it } from 'node:test'
import { systemHost, type Host } from '../../kernel/index.ts'
import { DiskLock } from './disk-lock.ts'
import { lifeOf, placeOfProcesses } from './process-life.ts'

const beatMs = 2_000

/** Time that runs faster, and the waits that were asked for. */
function fastHost(): { host: Host; waits: number[] } {
  const waits: number[] = []
  const after: Host['after'] = (delayMs, run) => {
    waits.push(delayMs)
    return systemHost.after(delayMs / 10, run)
  }
  return { host: { ...systemHost, after }, waits }
}

async function inFolder(run: (file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'config-lock-'))
  try {
    await run(path.join(folder, 'config.log'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** A lock somebody left; gives the waits of who takes it. */
async function takingFrom(
  file: string,
  owner: { pid: number; life?: string; place?: string },
): Promise<number[]> {
  const place = await placeOfProcesses()
  const lock = { token: 't', node: 'former', life: '', place, ...owner }
  await writeFile(`${file}.lock`, JSON.stringify(lock))
  const { host, waits } = fastHost()
  const taken = await DiskLock.take(file, { host, node: 'a' })
  await taken.release()
  return waits.filter((delayMs, at) => delayMs === beatMs && at < waits.length - 1)
}

function deadPid(): number {
  return spawnSync(process.execPath, ['--version']).pid
}

describe('the lock of a file', () => {
  it('keeps a second one out, tells who has it, and is free when released', () =>
    inFolder(async (file) => {
      const { host } = fastHost()
      const first = await DiskLock.take(file, { host, node: 'a' })
      await assert.rejects(DiskLock.take(file, { host, node: 'b' }), {
        code: 'FND_CONFIG_FILE',
        message: new RegExp(`in use by node "a" \\(process ${String(process.pid)}\\)`),
        details: { node: 'a', pid: process.pid },
      })
      first.requireHeld()
      await first.release()
      assert.deepEqual(await readdir(path.dirname(file)), [])
      await (await DiskLock.take(file, { host, node: 'b' })).release()
    }))

  it('of a process that runs is respected at once', () =>
    inFolder(async (file) => {
      const pid = process.ppid
      const owner = { pid, life: (await lifeOf(pid)) ?? '' }
      await assert.rejects(takingFrom(file, owner), { message: /node "former"/ })
    }))

  it('of a process that is dead is taken at once', () =>
    inFolder(async (file) => {
      assert.deepEqual(await takingFrom(file, { pid: deadPid() }), [])
    }))

  const onlyLinux = process.platform === 'linux' ? {} : { skip: 'Linux alone tells lives apart' }
  it('of another process with the same number is taken at once', onlyLinux, () =>
    inFolder(async (file) => {
      const waits = await takingFrom(file, { pid: process.ppid, life: 'another boot/1' })
      assert.deepEqual(waits, [])
    }),
  )

  it('of a place that cannot be seen is taken once nobody touches it', () =>
    inFolder(async (file) => {
      const elsewhere = { pid: process.ppid, place: 'another container' }
      assert.deepEqual(await takingFrom(file, elsewhere), [beatMs, beatMs, beatMs])
      const touching = setInterval(() => {
        const seconds = systemHost.wallClockMs() / 1_000
        void utimes(`${file}.lock`, seconds, seconds).catch(() => undefined)
      }, 5)
      try {
        await assert.rejects(takingFrom(file, elsewhere), { code: 'FND_CONFIG_FILE' })
      } finally {
        clearInterval(touching)
      }
    }))

  it('that was lost is not used any further, nor taken back', () =>
    inFolder(async (file) => {
      const { host } = fastHost()
      const lock = await DiskLock.take(file, { host, node: 'a' })
      await writeFile(`${file}.lock`, JSON.stringify({ token: 'of another' }))
      const deadlineMs = systemHost.nowMs() + 20_000
      const isLost = (): boolean => {
        try {
          lock.requireHeld()
          return false
        } catch {
          return true
        }
      }
      while (!isLost() && systemHost.nowMs() < deadlineMs) {
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      assert.ok(isLost())
      await lock.release()
      assert.match(await readFile(`${file}.lock`, 'utf8'), /of another/)
    }))

  it('that was half written when its owner ended is taken over', () =>
    inFolder(async (file) => {
      await writeFile(`${file}.lock`, '{"tok')
      const { host } = fastHost()
      await (await DiskLock.take(file, { host, node: 'a' })).release()
      assert.deepEqual(await readdir(path.dirname(file)), [])
    }))
})
