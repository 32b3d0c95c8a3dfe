import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLog, telemetryTo } from '../../kernel/index.ts'
import { healingFacts } from '../monitor-fixtures.ts'
import { healingRuleNames, monitorDefaults, type HealingRuleName } from '../options.ts'
import { Healer, type HealingAction, type Remedies } from './healer.ts'
import type { HealingFacts, HealingRule } from './rule.ts'
import { ExpectedRule } from './rules/expected.ts'
import { QuarantineRule } from './rules/quarantine.ts'
import { RediscoverRule } from './rules/rediscover.ts'
import { RedialRule } from './rules/redial.ts'

/** The seconds at which a rule decides something, judging once a second. */
function secondsOf(
  rule: HealingRule,
  seconds: number,
  facts: (second: number) => Partial<HealingFacts>,
): number[] {
  return Array.from({ length: seconds }, (_, second) => second).filter(
    (second) => rule.judge(healingFacts({ nowMs: second * 1_000, ...facts(second) })).length > 0,
  )
}

describe('redial', () => {
  const missing = { missingEdges: [{ name: 'b', by: ['c', 'd'] }] }

  it('dials at once, then within its budget', () => {
    const seconds = secondsOf(new RedialRule(), 60, () => missing)
    assert.deepEqual(seconds, [0, 5, 15, 30, 45])
  })

  it('says who reaches whom', () => {
    assert.deepEqual(new RedialRule().judge(healingFacts(missing)), [
      { rule: 'redial', target: 'b', reason: 'c, d reaches b, this node does not' },
    ])
  })

  it('begins anew with an edge that was there meanwhile', () => {
    const seconds = secondsOf(new RedialRule(), 4, (second) => (second === 1 ? {} : missing))
    assert.deepEqual(seconds, [0, 2])
  })
})

describe('rediscover', () => {
  it('looks up once for many losses, and again not before five seconds', () => {
    const seconds = secondsOf(new RediscoverRule(), 20, (second) =>
      [3, 4, 5].includes(second) ? { lost: ['b', 'c'] } : {},
    )
    assert.deepEqual(seconds, [3, 8])
  })
})

describe('quarantine', () => {
  const flapping = [{ name: 'b', changes: 5 }]
  const rule = () => new QuarantineRule({ quarantineMinMs: 30_000, quarantineMaxMs: 100_000 })

  it('is longer each time, up to a bound, and short again after a long calm', () => {
    const quarantine = rule()
    const times = [0, 40_000, 110_000, 220_000, 600_000]
    const lengths = times.map(
      (nowMs) => quarantine.judge(healingFacts({ flapping, nowMs }))[0]?.forMs,
    )
    assert.deepEqual(lengths, [30_000, 60_000, 100_000, 100_000, 30_000])
  })

  it('does not begin again while it lasts', () => {
    assert.deepEqual(
      secondsOf(rule(), 29, () => ({ flapping })),
      [0],
    )
  })

  it('holds at most a third of the members', () => {
    const many = ['b', 'c'].map((name) => ({ name, changes: 5 }))
    const decide = (given: Partial<HealingFacts>) =>
      rule().judge(healingFacts({ flapping: many, ...given })).length
    assert.equal(decide({ memberCount: 6 }), 2)
    assert.equal(decide({ memberCount: 5 }), 1)
    assert.equal(decide({ memberCount: 6, quarantinedCount: 2 }), 0)
  })

  it('is not for others when this node itself comes and goes', () => {
    assert.deepEqual(rule().judge(healingFacts({ flapping, isSelfSlow: true })), [])
    const most = ['b', 'c', 'd'].map((name) => ({ name, changes: 5 }))
    assert.deepEqual(rule().judge(healingFacts({ flapping: most })), [])
    // One of them is the first to have come and gone often enough.
    assert.deepEqual(rule().judge(healingFacts({ flapping, restlessCount: 3 })), [])
  })
})

describe('expected', () => {
  it('tells once, after a while, and again after all were there', () => {
    const rule = new ExpectedRule({ expectedMembers: 5, troubleAfterMs: 15_000 })
    const seconds = secondsOf(rule, 100, (second) => ({
      memberCount: second === 40 ? 5 : 4,
    }))
    assert.deepEqual(seconds, [15, 56])
  })

  it('is silent when nothing is expected', () => {
    const rule = new ExpectedRule({ expectedMembers: 0, troubleAfterMs: 0 })
    assert.deepEqual(rule.judge(healingFacts({ memberCount: 1 })), [])
  })
})

describe('Healer', () => {
  const healer = (remedies: Remedies, healing: readonly HealingRuleName[] = healingRuleNames) => {
    const told: HealingAction[] = []
    const measured: unknown[] = []
    const deps = {
      ...{ host: { wallClockMs: () => 7 }, log: silentLog, remedies },
      telemetry: telemetryTo(({ metadata }) => measured.push(metadata)),
      news: (action: HealingAction) => told.push(action),
    }
    return { told, measured, healer: new Healer(deps, { ...monitorDefaults, healing }) }
  }
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  const facts = healingFacts({ lost: ['b'], missingEdges: [{ name: 'b', by: ['c'] }] })

  it('has only rules with a remedy, and not those switched off', () => {
    const remedy = () => true
    assert.deepEqual(healer({ redial: remedy, expected: remedy }).healer.rules, [
      ...['redial', 'expected'],
    ])
    assert.deepEqual(healer({ redial: remedy }, []).healer.rules, [])
  })

  it('tells, measures and remembers what was done, and what failed', async () => {
    const {
      healer: it,
      told,
      measured,
    } = healer({
      redial: () => false,
      rediscover: () => Promise.reject(new Error('no')),
    })
    it.judge(facts)
    await settle()
    const outcomes = told.map(({ rule, outcome, at }) => [rule, outcome, at])
    assert.deepEqual(outcomes, [
      ['redial', 'nothing-to-do', 7],
      ['rediscover', 'failed', 7],
    ])
    assert.deepEqual(it.actions, told)
    assert.equal(measured.length, 2)
  })
})
