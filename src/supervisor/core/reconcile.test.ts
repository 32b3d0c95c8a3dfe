import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { recordOf, placedOn } from './fixtures.ts'
import { reconcile, type ChildAction, type ChildFacts } from './reconcile.ts'
import { isLive, placementStates, type Placed } from './records.ts'

const facts = (given: Partial<ChildFacts>): ChildFacts => ({
  record: recordOf(),
  placements: [],
  lastEpoch: 1,
  mustLeave: () => false,
  ...given,
})
const decide = (given: Partial<ChildFacts>): ChildAction => reconcile(facts(given))
const late = { wallMs: 2_000, counter: 0 }

const placement = fc
  .record({
    node: fc.constantFrom('a', 'b', 'c'),
    state: fc.constantFrom(...placementStates),
    epoch: fc.integer({ min: 0, max: 5 }),
    hash: fc.constantFrom('hash', 'other'),
    wallMs: fc.integer({ min: 0, max: 3 }),
    hasState: fc.boolean(),
    error: fc.option(fc.constant('broken'), { nil: undefined }),
  })
  .map(({ wallMs, ...rest }): Placed => ({ ...rest, since: { wallMs, counter: 0 }, move: 'm' }))
const placements = fc.uniqueArray(placement, { selector: ({ node }) => node, maxLength: 3 })
const records = fc.constantFrom(
  undefined,
  recordOf(),
  recordOf({ restart: 'transient' }),
  recordOf({ restart: 'temporary' }),
  recordOf({}, { outcome: { kind: 'completed' } }),
  recordOf({}, { outcome: { kind: 'failed', message: 'broken' } }),
)
const anything = fc.record({
  record: records,
  placements,
  lastEpoch: fc.integer({ min: 0, max: 9 }),
  leaves: fc.boolean(),
})

describe('reconcile', () => {
  it('starts what is wanted and nowhere: for the first time, or after its node was lost', () => {
    assert.deepEqual(decide({ lastEpoch: 0 }), { kind: 'start', reason: 'start' })
    assert.deepEqual(decide({ lastEpoch: 4 }), { kind: 'start', reason: 'failover' })
  })

  it('does not start a temporary child again', () => {
    const record = recordOf({ restart: 'temporary' })
    assert.deepEqual(decide({ record, lastEpoch: 0 }), { kind: 'start', reason: 'start' })
    assert.deepEqual(decide({ record }), { kind: 'complete' })
  })

  it('leaves alone what runs', () => {
    for (const state of ['starting', 'running', 'stopping'] as const) {
      assert.deepEqual(decide({ placements: [placedOn('a', state)] }), { kind: 'nothing' })
    }
  })

  it('stops what nobody wants, and what is of another specification', () => {
    const placed = placedOn('a', 'running')
    const stop = { kind: 'stop', placed, reason: 'stopped' }
    assert.deepEqual(decide({ record: undefined, placements: [placed] }), stop)
    const failed = recordOf({}, { outcome: { kind: 'failed', message: '' } })
    assert.deepEqual(decide({ record: failed, placements: [placed] }), stop)
    const other = placedOn('a', 'running', { hash: 'other' })
    const replace = { kind: 'stop', placed: other, reason: 'replaced' }
    assert.deepEqual(decide({ placements: [other] }), replace)
  })

  it('after a split has the younger give way to the incumbent, one at a time', () => {
    const old = placedOn('b', 'running', { epoch: 1 })
    const young = placedOn('a', 'running', { epoch: 2, since: late })
    const youngest = placedOn('c', 'running', { since: { wallMs: 3_000, counter: 0 } })
    const action = decide({ placements: [young, youngest, old] })
    assert.deepEqual(action, { kind: 'surrender', placed: youngest, winner: old })
    const next = decide({ placements: [young, old] })
    assert.deepEqual(next, { kind: 'surrender', placed: young, winner: old })
  })

  it('after a split has an incumbent that was to move go on first: it takes no state before', () => {
    const old = placedOn('b', 'sealed', { move: 'm' })
    const young = placedOn('a', 'running', { epoch: 2, since: late })
    assert.deepEqual(decide({ placements: [young, old] }), { kind: 'unseal', placed: old })
  })

  it('waits until one of two that start runs', () => {
    const both = [placedOn('a', 'starting'), placedOn('b', 'starting', { since: late })]
    assert.deepEqual(decide({ placements: both }), { kind: 'nothing' })
  })

  it('ends a hand-over that nobody drives: before the source stopped, back to it', () => {
    const source = placedOn('a', 'sealed', { move: 'm' })
    const target = placedOn('b', 'reserved', { move: 'm', epoch: 0 })
    assert.deepEqual(decide({ placements: [source, target] }), { kind: 'unseal', placed: source })
    const running = placedOn('a', 'running')
    const clear = { kind: 'clear', placed: target, to: 'a' }
    assert.deepEqual(decide({ placements: [running, target] }), clear)
  })

  it('ends a hand-over that nobody drives: after it stopped, with the state', () => {
    const source = placedOn('a', 'exported', { move: 'm', hasState: true })
    const target = placedOn('b', 'reserved', { move: 'm', epoch: 0, hasState: true })
    const start = { kind: 'start', reason: 'move' }
    const fromSource = { ...start, stateFrom: source }
    assert.deepEqual(decide({ placements: [source] }), fromSource)
    assert.deepEqual(decide({ placements: [target] }), { ...start, stateFrom: target, on: 'b' })
    const empty = { ...target, hasState: false }
    assert.deepEqual(decide({ placements: [source, empty] }), { ...fromSource, on: 'b' })
    const both = decide({ placements: [source, target] })
    assert.deepEqual(both, { ...start, stateFrom: target, on: 'b' })
    const earlier = decide({ placements: [source, { ...target, move: 'earlier' }] })
    assert.deepEqual(earlier, { ...fromSource, on: 'b' })
    const bare = { ...source, hasState: false }
    assert.deepEqual(decide({ placements: [bare, empty] }), { ...start, on: 'b' })
  })

  it('asks the restart budget about a child that ended', () => {
    const placed = placedOn('a', 'exited', { error: 'broken' })
    assert.deepEqual(decide({ placements: [placed] }), { kind: 'ended', placed })
  })

  it('counts a start with the state of a former life that failed, and goes on without', () => {
    const kept = placedOn('a', 'exported', { move: 'm', hasState: true, epoch: 2 })
    const failed = placedOn('b', 'exited', { error: 'broken', epoch: 3 })
    assert.deepEqual(decide({ placements: [kept, failed] }), { kind: 'ended', placed: failed })
    const before = { ...failed, epoch: 1 }
    const start = { kind: 'start', reason: 'move', stateFrom: kept }
    assert.deepEqual(decide({ placements: [kept, before] }), start)
    // Where the state has arrived nothing has run yet: its epoch says nothing of the former life.
    const arrived = placedOn('c', 'reserved', { move: 'm', hasState: true, epoch: 0 })
    assert.deepEqual(decide({ placements: [kept, before, arrived] }), {
      ...start,
      stateFrom: arrived,
      on: 'c',
    })
  })

  it('has a child leave a node where it may not stay', () => {
    const placed = placedOn('a', 'running')
    const mustLeave = (node: string): boolean => node === 'a'
    assert.deepEqual(decide({ placements: [placed], mustLeave }), { kind: 'leave', placed })
  })

  it('has an answer for everything, starts nothing beside one that lives, and never throws', () => {
    fc.assert(
      fc.property(anything, ({ leaves, ...given }) => {
        const action = reconcile({ ...given, mustLeave: () => leaves })
        const live = given.placements.filter(isLive)
        if (action.kind === 'start' || action.kind === 'ended') assert.equal(live.length, 0)
        if (action.kind === 'start') assert.ok(given.record && !given.record.outcome)
        if (action.kind === 'surrender') {
          assert.notEqual(action.placed.node, action.winner.node)
          assert.equal(action.winner.state, 'running')
        }
        if ('placed' in action) {
          assert.ok(given.placements.some(({ node }) => node === action.placed.node))
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('decides the same whatever the order in which placements came', () => {
    fc.assert(
      fc.property(anything, ({ leaves, ...given }) => {
        const mustLeave = (): boolean => leaves
        const action = reconcile({ ...given, mustLeave })
        const reversed = { ...given, placements: given.placements.toReversed(), mustLeave }
        assert.deepEqual(reconcile(reversed), action)
      }),
      { numRuns: 5_000 },
    )
  })

  it('comes to rest: doing what it says leads to one child where one is wanted', () => {
    fc.assert(
      fc.property(anything, ({ record, placements: given, lastEpoch }) => {
        let present = given
        let epoch = Math.max(lastEpoch, ...given.map(({ epoch: each }) => each))
        let wanted = record
        for (let round = 0; round < 30; round++) {
          const action = reconcile({
            record: wanted,
            placements: present,
            lastEpoch: epoch,
            mustLeave: () => false,
          })
          if (action.kind === 'complete') wanted = undefined
          present = applied(present, action, (epoch += 1))
        }
        const isWanted = wanted !== undefined && wanted.outcome === undefined
        assert.equal(present.length, isWanted ? 1 : 0, JSON.stringify(present))
      }),
      { numRuns: 2_000 },
    )
  })
})

/** What a faithful world does about an action, one step at a time. */
function applied(present: readonly Placed[], action: ChildAction, epoch: number): Placed[] {
  const settled = present
    .filter(({ state }) => state !== 'stopping')
    .map((placed): Placed =>
      placed.state === 'starting' ? { ...placed, state: 'running' } : placed,
    )
  if (action.kind === 'start' || action.kind === 'ended') {
    const node = action.kind === 'ended' ? action.placed.node : (action.on ?? 'a')
    return [...settled.filter((each) => each.node !== node), placedOn(node, 'starting', { epoch })]
  }
  if (!('placed' in action)) return settled
  const others = settled.filter(({ node }) => node !== action.placed.node)
  return action.kind === 'unseal' ? [...others, { ...action.placed, state: 'running' }] : others
}
