import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FoundationError, silentLog, silentTelemetry } from '../../kernel/index.ts'
import { VirtualClock } from '../../testing/index.ts'
import type { NodeIdentity } from '../../transport/index.ts'
import { DialPlan } from './dial-plan.ts'
import { Dialer } from './dialer.ts'
import { membershipDefaults } from '../options.ts'

type Answer = string | { readonly reason: string }

const introduced = { name: 'b', incarnation: '1', addresses: ['b:1'] }

/** Dials member `b` at `b:1`; the answers, the last one for good, are a node's name or a reason. */
async function dialOf(...answers: [Answer, ...Answer[]]): Promise<string[]> {
  const plan = new DialPlan(membershipDefaults)
  plan.introduce(introduced, 0, 0)
  return dialPlanned(plan, answers)
}

/** The plan after {@link dialOf}. */
async function planAfter(answer: Answer): Promise<DialPlan> {
  const plan = new DialPlan(membershipDefaults)
  plan.introduce(introduced, 0, 0)
  await dialPlanned(plan, [answer])
  return plan
}

/** As {@link dialOf}, just after a link to `b` was lost. */
async function redialOf(...answers: [Answer, ...Answer[]]): Promise<string[]> {
  const plan = new DialPlan(membershipDefaults)
  plan.linked({ ...introduced, linkAddress: 'b:1', dialedBy: 'self' }, 0)
  plan.linkLost('b', { nowMs: 0, chance: 0 })
  return dialPlanned(plan, answers)
}

async function dialPlanned(plan: DialPlan, answers: [Answer, ...Answer[]]): Promise<string[]> {
  const clock = new VirtualClock({ seed: 1 })
  let answer = answers[0]
  const news: string[] = []
  const tell =
    (word: string) =>
    (name: string): void => {
      news.push(`${word} ${name}`)
    }
  const dial = (): Promise<NodeIdentity> => {
    answer = answers.shift() ?? answer
    if (typeof answer !== 'string') {
      return Promise.reject(new FoundationError('FND_DIAL_FAILED', 'no', { details: answer }))
    }
    const rest = { incarnation: '1', cluster: 'c', addresses: [], roles: [], meta: {} }
    return Promise.resolve({ name: answer, ...rest })
  }
  const outcomes = { gone: tell('gone'), leaving: tell('leaving'), rejected: tell('rejected') }
  const dialer = new Dialer(
    {
      ...{ transport: { dial }, host: clock.host('a'), log: silentLog, plan },
      telemetry: silentTelemetry,
      news: { reached: () => undefined, failed: () => undefined, ...outcomes },
    },
    membershipDefaults,
  )
  dialer.pump()
  await clock.advance(200)
  await dialer.stop()
  return news
}

describe('Dialer', () => {
  it('tells what a failed dial proves of the member', async () => {
    assert.deepEqual(await dialOf({ reason: 'refused' }), ['gone b'])
    assert.deepEqual(await dialOf({ reason: 'leaving' }), ['leaving b'])
    assert.deepEqual(await dialOf({ reason: 'rejected' }), ['rejected b'])
    assert.deepEqual(await dialOf({ reason: 'timeout' }), [])
  })

  it('takes another node at the address as proof that the member is gone', async () => {
    assert.deepEqual(await dialOf('c'), ['gone b'])
  })

  it('does not dial a member any more where another node answered: each start has a new name', async () => {
    assert.deepEqual((await planAfter('c')).list(), [])
    assert.equal((await planAfter({ reason: 'refused' })).list().length, 1)
  })

  it('tries again at once when a dial just after the loss of a link was reset', async () => {
    const reset = { reason: 'broken' }
    assert.deepEqual(await redialOf(reset, reset, { reason: 'refused' }), ['gone b'])
    assert.deepEqual(await redialOf(reset), [])
    assert.deepEqual(await dialOf(reset, { reason: 'refused' }), [], 'it never had a link')
  })
})
