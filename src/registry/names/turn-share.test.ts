import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TurnShare, turnShareMs } from './turn-share.ts'

interface Scene {
  readonly share: TurnShare
  readonly done: number[]
  /** Brings work that takes one millisecond. */
  readonly bring: (id: number) => boolean
  readonly endTurn: () => void
}

function scene(waitingMax = 100): Scene {
  let nowMs = 0
  let deferred: (() => void)[] = []
  const defer = (run: () => void): void => {
    deferred.push(run)
  }
  const share = new TurnShare({ nowMs: () => nowMs, defer }, waitingMax)
  const done: number[] = []
  return {
    share,
    done,
    bring: (id) =>
      share.run(() => {
        nowMs += 1
        done.push(id)
      }),
    endTurn: () => {
      const due = deferred
      deferred = []
      for (const run of due) run()
    },
  }
}

describe('TurnShare', () => {
  it('does at once what there is time for, and the rest in later turns, in order', () => {
    const { done, bring, endTurn } = scene()
    const count = 3 * turnShareMs
    for (let id = 0; id < count; id += 1) bring(id)
    assert.equal(done.length, turnShareMs)
    endTurn()
    assert.equal(done.length, 2 * turnShareMs)
    bring(count)
    endTurn()
    endTurn()
    assert.deepEqual(
      done,
      Array.from({ length: count + 1 }, (_, id) => id),
    )
  })

  it('begins anew in every turn', () => {
    const { done, bring, endTurn } = scene()
    for (let id = 0; id < turnShareMs; id += 1) bring(id)
    endTurn()
    bring(turnShareMs)
    assert.equal(done.length, turnShareMs + 1)
  })

  it('refuses what is too much, and does all at once when asked to', () => {
    const { share, done, bring } = scene(2)
    const taken = Array.from({ length: turnShareMs + 3 }, (_, id) => bring(id))
    assert.deepEqual(taken.slice(-2), [true, false])
    share.finish()
    assert.equal(done.length, turnShareMs + 2)
  })
})
