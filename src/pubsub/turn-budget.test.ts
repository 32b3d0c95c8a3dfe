import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../testing/index.ts'
import { TurnBudget, turnMaxBytes } from './turn-budget.ts'

const never = new Promise<void>(() => undefined)

function started(): { clock: VirtualClock; budget: TurnBudget } {
  const clock = new VirtualClock({ seed: 1 })
  return { clock, budget: new TurnBudget(clock.host('a')) }
}

describe('TurnBudget', () => {
  it('is spent by bytes and by many small messages, and whole again in the next turn', async () => {
    const { clock, budget } = started()
    assert.ok(budget.spend(turnMaxBytes / 2))
    assert.ok(!budget.spend(turnMaxBytes / 2))
    await clock.advance(1)
    let messages = 0
    while (budget.spend(0)) messages += 1
    assert.ok(messages > 1_000 && messages < 10_000, String(messages))
    await clock.advance(1)
    assert.ok(budget.spend(1))
  })

  it('pauses until the queues are short, in a later turn', async () => {
    const { clock, budget } = started()
    const seen: string[] = []
    let drain = (): void => undefined
    const drained = new Promise<void>((resolve) => (drain = resolve))
    void budget.pause(() => (seen.push('asked'), drained)).then(() => seen.push('went on'))
    void budget.pause(() => never).then(() => seen.push('went on too'))
    await Promise.resolve()
    assert.deepEqual(seen, [])
    await clock.advance(1)
    assert.deepEqual(seen, ['asked'])
    drain()
    await clock.advance(1)
    assert.deepEqual(seen, ['asked', 'went on', 'went on too'])
  })

  it('slows a publisher down for a queue that stays long, but does not stop it', async () => {
    const { clock, budget } = started()
    const seen: string[] = []
    void budget.pause(() => never).then(() => seen.push('went on'))
    await clock.advance(5)
    assert.deepEqual([...seen], [])
    await clock.advance(10)
    assert.deepEqual([...seen], ['went on'])
    void budget.pause(() => Promise.reject(new Error('gone'))).then(() => seen.push('again'))
    await clock.advance(1)
    assert.deepEqual(seen, ['went on', 'again'])
  })
})
