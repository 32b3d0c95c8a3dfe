import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readJournal, recordBytes, type JournalRecord } from './journal-record.ts'

const txid = { coordinator: 'a', incarnation: '1', counter: 7 }
const version = { wallMs: 5, counter: 0, writer: 'a', hash: 'h' }
const records: JournalRecord[] = [
  { type: 'life', incarnation: '1' },
  {
    type: 'vote',
    incarnation: '1',
    proposal: {
      txid,
      participants: [{ name: 'a', incarnation: '1' }],
      entries: [{ path: 'x', value: 1, after: [] }],
      hash: 'h',
      timeoutMs: 5,
    },
  },
  {
    type: 'outcome',
    txid,
    outcome: { type: 'commit', version: { wallMs: 5, counter: 0, writer: 'a' } },
  },
  { type: 'forgotten', life: 'a/0', counter: 3 },
  { type: 'setting', path: 'x', value: { verb: 'set' }, version },
  { type: 'setting', path: 'x', version },
]
const file = Buffer.concat(records.map(recordBytes))

describe('the file of config', () => {
  it('has these bytes, always', () => {
    const bytes = recordBytes({ type: 'life', incarnation: '1' })
    const body = '82a474797065a46c696665ab696e6361726e6174696f6ea131'
    assert.equal(bytes.toString('hex'), '00000019' + '8d8317b2' + body)
  })

  it('is read as it was written', () => {
    const contents = readJournal(file)
    assert.deepEqual(contents, { records, length: file.length, condition: 'whole' })
  })

  it('cut anywhere loses what was being written and nothing before it', () => {
    const ends = records.map(
      (_, at) => Buffer.concat(records.slice(0, at + 1).map(recordBytes)).length,
    )
    for (let length = 0; length < file.length; length++) {
      const whole = ends.filter((end) => end <= length).length
      const contents = readJournal(file.subarray(0, length))
      assert.deepEqual(contents.records, records.slice(0, whole))
      assert.equal(contents.length, ends[whole - 1] ?? 0)
      const isAtEnd = contents.length === length
      assert.equal(contents.condition, isAtEnd ? 'whole' : 'torn')
    }
  })

  it('is told from a file of somebody else, however short', () => {
    const others = [
      '{"a":1}\n',
      'a',
      '\n',
      'precious data\nline2\n',
      '\u0000\u0000\u0000\u0019 text of another',
    ]
    const bytes = [...others.map((text) => Buffer.from(text)), Buffer.alloc(64), Buffer.of(4, 0, 0)]
    for (const each of bytes) {
      const contents = readJournal(each)
      assert.deepEqual(contents, { records: [], length: 0, condition: 'foreign' }, String(each))
    }
    assert.equal(readJournal(Buffer.alloc(0)).condition, 'whole')
  })

  it('with a wrong byte is used up to there, and never trusted to be whole', () => {
    for (let at = 0; at < file.length; at++) {
      const bytes = Buffer.from(file)
      bytes[at] = (bytes[at] ?? 0) ^ 0x40
      const contents = readJournal(bytes)
      assert.notEqual(contents.condition, 'whole', `byte ${String(at)}`)
      assert.deepEqual(contents.records, records.slice(0, contents.records.length))
    }
  })
})
