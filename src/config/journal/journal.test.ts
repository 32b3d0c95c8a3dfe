import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'
import { silentLog, systemHost } from '../../kernel/index.ts'
import type { ConfigFile } from './config-file.ts'
import { diskFiles } from './disk-file.ts'
import { readJournal, type JournalRecord } from './journal-record.ts'
import { Journal } from './journal.ts'

const life = (incarnation: string): JournalRecord => ({ type: 'life', incarnation })

/** A file in memory whose disk can be full. */
class FakeFile implements ConfigFile {
  bytes = Buffer.alloc(0)
  syncs = 0
  isFull = false
  isClosed = false

  read(): Promise<Uint8Array> {
    return Promise.resolve(this.bytes)
  }
  async write(bytes: Uint8Array, offset: number): Promise<void> {
    await new Promise(setImmediate)
    // As a disk that fills up in the middle of a write.
    const written = this.isFull ? bytes.subarray(0, bytes.length / 2) : bytes
    this.bytes = Buffer.concat([this.bytes.subarray(0, offset), written])
    if (this.isFull) throw new Error('ENOSPC: no space left on device, write')
    this.syncs += 1
  }
  truncate(length: number): Promise<void> {
    this.bytes = this.bytes.subarray(0, length)
    return Promise.resolve()
  }
  replace(bytes: Uint8Array): Promise<void> {
    if (this.isFull) return Promise.reject(new Error('ENOSPC: no space left on device, write'))
    this.bytes = Buffer.from(bytes)
    return Promise.resolve()
  }
  close(): Promise<void> {
    this.isClosed = true
    return Promise.resolve()
  }
}

function journalOn(file: FakeFile, snapshot: JournalRecord[] = [], maxBytes = 1e6): Journal {
  const deps = { open: () => Promise.resolve(file), log: silentLog, snapshot: () => snapshot }
  return new Journal('/file', deps, maxBytes)
}

describe('Journal', () => {
  it('says a record is durable when it is, and writes in one go what came meanwhile', async () => {
    const file = new FakeFile()
    const journal = journalOn(file)
    await journal.open()
    const all = await Promise.all(['1', '2', '3', '4'].map((each) => journal.append(life(each))))
    assert.deepEqual(all, [true, true, true, true])
    assert.equal(file.syncs, 2, 'the first alone, the others together')
    assert.deepEqual(readJournal(file.bytes).records, ['1', '2', '3', '4'].map(life))
  })

  it('cuts off a torn tail before it goes on', async () => {
    const file = new FakeFile()
    const first = journalOn(file)
    await first.open()
    await first.append(life('1'))
    file.bytes = Buffer.concat([file.bytes, Buffer.from('0000')])
    const second = journalOn(file)
    const { records, condition } = await second.open()
    assert.deepEqual([records, condition], [[life('1')], 'torn'])
    await second.append(life('2'))
    assert.deepEqual(readJournal(file.bytes).records, [life('1'), life('2')])
  })

  it('never touches a file that is not a journal', async () => {
    const file = new FakeFile()
    file.bytes = Buffer.from('{"precious":true}\n')
    const journal = journalOn(file)
    const refused = {
      code: 'FND_CONFIG_FILE',
      message: /\/file is not a config file of Foundation/,
    }
    await assert.rejects(journal.open(), refused)
    assert.equal(await journal.append(life('1')), false)
    await journal.close()
    assert.deepEqual([file.bytes.toString(), file.isClosed], ['{"precious":true}\n', true])
  })

  it('says no while the disk is full, leaves no half record, and goes on with all that counts', async () => {
    const file = new FakeFile()
    const snapshot = [life('kept')]
    const journal = journalOn(file, snapshot)
    await journal.open()
    await journal.append(life('1'))
    file.isFull = true
    assert.equal(await journal.append(life('2')), false)
    assert.equal(await journal.append(life('3')), false)
    const { state, problem } = journal.stats()
    assert.deepEqual([state, /ENOSPC/.test(problem ?? '')], ['refused', true])
    assert.deepEqual(readJournal(file.bytes).records, [life('1')])
    file.isFull = false
    assert.equal(await journal.append(life('4')), true)
    assert.equal(journal.stats().state, 'ok')
    assert.deepEqual(readJournal(file.bytes).records, [life('kept'), life('4')])
  })

  it('says no to a record that has no bytes, also when it is written anew', async () => {
    const file = new FakeFile()
    let value: unknown = 1
    for (let level = 0; level < 32; level++) value = [value]
    const version = { wallMs: 1, counter: 0, writer: 'b', hash: '' }
    const deep: JournalRecord = { type: 'setting', path: 'x', value, version }
    const journal = journalOn(file, [deep, life('kept')], 40)
    await journal.open()
    assert.equal(await journal.append(deep), false)
    assert.equal(await journal.append(life('1')), true)
    assert.equal(await journal.append(life('2')), true)
    assert.equal(journal.stats().state, 'ok')
    assert.deepEqual(readJournal(file.bytes).records, [life('kept'), life('2')])
  })

  it('is written anew when it is too large', async () => {
    const file = new FakeFile()
    const journal = journalOn(file, [life('kept')], 200)
    await journal.open()
    for (let at = 0; at < 20; at++) await journal.append(life(String(at)))
    assert.ok(file.bytes.length <= 240)
    assert.deepEqual(readJournal(file.bytes).records[0], life('kept'))
  })
})

describe('Journal, on a disk', () => {
  it('keeps what was appended and replaced, readable by this user only', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'config-journal-'))
    const file = path.join(folder, 'config.log')
    try {
      const deps = {
        open: diskFiles({ host: systemHost, node: 'a' }),
        log: silentLog,
        snapshot: () => [life('kept')],
      }
      const journal = new Journal(file, deps, 120)
      await journal.open()
      for (let at = 0; at < 9; at++) assert.equal(await journal.append(life(String(at))), true)
      await journal.close()
      assert.equal((await stat(file)).mode & 0o777, 0o600)
      const { records, condition } = readJournal(await readFile(file))
      assert.deepEqual([records[0], records.at(-1), condition], [life('kept'), life('8'), 'whole'])
      assert.equal(await journal.append(life('late')), false)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('cannot be in a folder that is not there', async () => {
    const deps = {
      open: diskFiles({ host: systemHost, node: 'a' }),
      log: silentLog,
      snapshot: () => [],
    }
    const journal = new Journal('/no/such/folder/file', deps, 1e6)
    await assert.rejects(journal.open(), { code: 'FND_CONFIG_FILE', message: /ENOENT/ })
  })
})
