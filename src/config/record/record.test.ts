import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Version } from '../../replication/index.ts'
import { isConcurrent, lineageAfter, type SettingRecord } from './record.ts'

interface Kept {
  readonly record: SettingRecord
  readonly version: Version
}

/** The record `writer` makes at a moment, knowing a former one. */
function next(former: Kept | undefined, wallMs: number, writer: string): Kept {
  const record: SettingRecord = { value: wallMs, verb: 'commit', after: lineageAfter(former) }
  return { record, version: { wallMs, counter: 0, writer, hash: 'h' } }
}

/** That many more, one after the other. */
function line(from: Kept | undefined, count: number, writer: string): Kept[] {
  const all: Kept[] = []
  const startMs = from?.version.wallMs ?? 0
  for (let at = 1; at <= count; at++) all.push(next(all.at(-1) ?? from, startMs + at, writer))
  return all
}

describe('a record that replaces another', () => {
  const base = next(undefined, 1, 'a')

  it('followed it when it was written with knowledge of it, also some steps later', () => {
    const [first, second, third] = line(base, 3, 'a')
    assert.ok(first && second && third)
    assert.equal(isConcurrent(base, first.record), false)
    assert.equal(isConcurrent(base, third.record), false)
    assert.equal(isConcurrent(first, third.record), false)
  })

  it('is concurrent when both follow the same one, or neither knows anything', () => {
    const left = next(base, 5, 'a')
    const right = line(base, 3, 'b').at(-1)
    assert.ok(right)
    assert.equal(isConcurrent(left, right.record), true)
    assert.equal(isConcurrent(next(undefined, 5, 'a'), next(undefined, 6, 'b').record), true)
  })

  it('counts as having known what lies further back than it remembers', () => {
    const late = line(base, 20, 'a').at(-1)
    assert.ok(late)
    assert.equal(isConcurrent(base, late.record), false)
    assert.equal(late.record.after.length, 8)
  })
})
