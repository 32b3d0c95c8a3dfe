import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Doubts } from './doubts.ts'

function manual(): { doubts: Doubts; told: string[]; pass: () => void; open: () => number } {
  const timers = new Set<() => void>()
  const doubts = new Doubts({
    after: (_delayMs, run) => {
      timers.add(run)
      return { cancel: () => timers.delete(run) }
    },
  })
  const pass = (): void => {
    for (const run of [...timers]) {
      timers.delete(run)
      run()
    }
  }
  return { doubts, told: [], pass, open: () => timers.size }
}

describe('Doubts', () => {
  it('are told in a moment, once a client, and again later', () => {
    const { doubts, told, pass } = manual()
    const hold = (client: string): void => {
      doubts.hold(client, () => told.push(client))
    }
    for (const client of ['a', 'a', 'b']) hold(client)
    assert.deepEqual(told, [])
    pass()
    assert.deepEqual(told, ['a', 'b'])
    hold('a')
    pass()
    assert.deepEqual(told, ['a', 'b', 'a'])
  })

  it('are never told of a client that got in, nor after the end', () => {
    const { doubts, told, pass, open } = manual()
    for (const client of ['a', 'b']) doubts.hold(client, () => told.push(client))
    doubts.clear('a')
    doubts.clear('never seen')
    assert.equal(open(), 1)
    doubts.end()
    pass()
    assert.deepEqual([told, open()], [[], 0])
  })

  it('are bounded: what does not fit is told at once', () => {
    const { doubts, told } = manual()
    for (let i = 0; i < 257; i++) doubts.hold(String(i), () => told.push(String(i)))
    assert.deepEqual(told, ['256'])
  })
})
