import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Agreement } from './agreement.ts'
import { View } from './view.ts'

const agreeTimeoutMs = 2_000

function viewOf(...names: string[]): View {
  const members = names.map((name) => ({ name, incarnation: '1', isObserver: false }))
  return new View(members, 'a')
}

/** An agreement of node `a`, whose peers' logs go as far as `reached` says. */
function agreementIn(first: View, reached = 100): Agreement {
  const hasReached = (_node: string, _life: string, sequence: number): boolean =>
    sequence <= reached
  return new Agreement({ self: 'a', hasReached }, { view: first, nowMs: 0, agreeTimeoutMs })
}

function stated(agreement: Agreement, node: string, view: View): void {
  agreement.stated(node, { view: view.id, incarnation: '1', sequence: 1 })
}

/** A name whose arbiter in each of the views is the given node. */
function nameOf(arbiter: string, ...views: View[]): string {
  for (let at = 0; ; at++) {
    const name = String(at)
    if (views.every((view) => view.arbiterOf(name) === arbiter)) return name
  }
}

describe('Agreement', () => {
  it('is reached at once by a node that is alone', () => {
    const agreement = agreementIn(viewOf('a'))
    assert.equal(agreement.isReadyFor('x'), false)
    assert.ok(agreement.check(0))
    assert.ok(agreement.isReadyFor('x'))
  })

  it('needs the word of every member, on this very view', () => {
    const view = viewOf('a', 'b', 'c')
    const agreement = agreementIn(view)
    stated(agreement, 'b', view)
    assert.equal(agreement.check(1), false)
    stated(agreement, 'c', viewOf('a', 'c'))
    assert.equal(agreement.check(1), false)
    assert.equal(agreement.isReadyFor(nameOf('a', view)), false)
    stated(agreement, 'c', view)
    assert.ok(agreement.check(1))
    assert.ok(agreement.isReadyFor(nameOf('a', view)))
  })

  it('waits for the logs of the members, as far as they went when they took on the view', () => {
    const view = viewOf('a', 'b')
    const agreement = agreementIn(view, 41)
    agreement.stated('b', { view: view.id, incarnation: '1', sequence: 42 })
    assert.equal(agreement.check(1), false)
    agreement.stated('b', { view: view.id, incarnation: '1', sequence: 41 })
    assert.ok(agreement.check(1))
  })

  it('does not take the word of a former life', () => {
    const view = viewOf('a', 'b')
    const agreement = agreementIn(view)
    agreement.stated('b', { view: view.id, incarnation: '0', sequence: 1 })
    assert.equal(agreement.check(1), false)
  })

  it('goes on without a break for its names while members only go', () => {
    const [all, fewer, fewest] = [
      viewOf('a', 'b', 'c', 'd'),
      viewOf('a', 'b', 'c'),
      viewOf('a', 'b'),
    ]
    const agreement = agreementIn(all)
    for (const node of ['b', 'c', 'd']) stated(agreement, node, all)
    assert.ok(agreement.check(0))
    agreement.viewChanged(fewer, 10)
    agreement.viewChanged(fewest, 20)
    assert.ok(agreement.isReadyFor(nameOf('a', all, fewer, fewest)))
    const inherited = nameOf('c', all, fewer)
    assert.equal(agreement.isReadyFor(inherited), false, 'c may have granted it meanwhile')
  })

  it('stops for all names when somebody comes in', () => {
    const [few, more] = [viewOf('a', 'b'), viewOf('a', 'b', 'c')]
    const agreement = agreementIn(few)
    stated(agreement, 'b', few)
    assert.ok(agreement.check(0))
    agreement.viewChanged(more, 10)
    assert.equal(agreement.isReadyFor(nameOf('a', few, more)), false)
    agreement.viewChanged(few, 20)
    assert.equal(agreement.isReadyFor(nameOf('a', few, more)), false, 'nor when they go again')
  })

  it('decides without the others once they took too long', () => {
    const view = viewOf('a', 'b')
    const agreement = agreementIn(view)
    assert.equal(agreement.check(agreeTimeoutMs - 1), false)
    assert.ok(agreement.check(agreeTimeoutMs))
    assert.ok(agreement.isReadyFor('x'))
  })

  it('begins anew with every view, also one it had before', () => {
    const [two, one] = [viewOf('a', 'b'), viewOf('a')]
    const agreement = agreementIn(two)
    stated(agreement, 'b', two)
    assert.ok(agreement.check(0))
    agreement.viewChanged(one, 10)
    agreement.forget('b')
    assert.ok(agreement.check(10))
    agreement.viewChanged(two, 20)
    assert.equal(agreement.check(20), false)
  })
})

describe('View', () => {
  it('is the same, with the same arbiters, in whatever order its members came', () => {
    const member = fc.record({
      name: fc.string({ minLength: 1, maxLength: 6 }),
      incarnation: fc.constantFrom('1', '2'),
      isObserver: fc.boolean(),
    })
    const members = fc.uniqueArray(member, { selector: ({ name }) => name, minLength: 1 })
    fc.assert(
      fc.property(members, fc.array(fc.string()), (given, names) => {
        const self = given[0]?.name ?? ''
        const [view, other] = [new View(given, self), new View(given.toReversed(), self)]
        assert.equal(other.id, view.id)
        for (const name of names) assert.equal(other.arbiterOf(name), view.arbiterOf(name))
      }),
    )
  })

  it('has the same id for the same members in any order, and another for another life', () => {
    assert.equal(viewOf('a', 'b').id, viewOf('b', 'a').id)
    assert.notEqual(viewOf('a', 'b').id, viewOf('a').id)
    const members = [{ name: 'a', incarnation: '2', isObserver: false }]
    assert.notEqual(new View(members, 'a').id, viewOf('a').id)
  })

  it('never makes an observer an arbiter, unless it is alone', () => {
    const observer = { name: 'o', incarnation: '1', isObserver: true }
    const view = new View([observer, { name: 'a', incarnation: '1', isObserver: false }], 'o')
    for (let at = 0; at < 50; at++) assert.equal(view.arbiterOf(String(at)), 'a')
    assert.equal(new View([observer], 'o').arbiterOf('x'), 'o')
  })
})
