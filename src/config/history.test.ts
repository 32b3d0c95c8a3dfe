import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigHistory, type HistoryEntry } from './history.ts'

function entry(path: string, wallMs: number): HistoryEntry {
  const version = { wallMs, counter: 0, writer: 'a', hash: '' }
  return { path, value: wallMs, version, origin: 'a', verb: 'set', outcome: 'applied' }
}

describe('ConfigHistory', () => {
  it('forgets the oldest of a path, and of all', () => {
    const history = new ConfigHistory({ historyPerPathMax: 2, historyMax: 3 })
    const valuesOf = (path: string): unknown[] => history.of(path).map(({ value }) => value)
    for (let at = 1; at <= 3; at++) history.add(entry('x', at))
    assert.deepEqual(valuesOf('x'), [2, 3])
    history.add(entry('y', 4))
    history.add(entry('y', 5))
    assert.deepEqual([valuesOf('x'), valuesOf('y')], [[3], [4, 5]])
  })
})
