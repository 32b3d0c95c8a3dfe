import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HeldEntry } from '../../replication/index.ts'
import { Agreement } from './agreement.ts'
import { Arbiter, type Claim, type Verdict } from './arbiter.ts'
import { Desk } from './desk.ts'
import { EpochClock } from './epoch-clock.ts'
import { NameTable } from './name-table.ts'
import { View } from './view.ts'

const bounds = { grantsMax: 3, grantKeepMs: 10_000 }

interface Court {
  readonly arbiter: Arbiter
  readonly table: NameTable
  readonly agreement: Agreement
  /** Node of each child. */
  readonly children: Map<string, string>
}

/** The arbiter of node `a`, alone and ready, which judges claims of nodes it has as observers. */
function court(): Court {
  const members = ['a', 'b', 'c'].map((name) => ({
    name,
    incarnation: '1',
    isObserver: name !== 'a',
  }))
  const first = { view: new View(members, 'a'), nowMs: 0, agreeTimeoutMs: 100 }
  const agreement = new Agreement({ self: 'a', hasReached: () => true }, first)
  const table = new NameTable()
  const epochs = new EpochClock({ wallClockMs: () => 1_000 })
  const children = new Map<string, string>()
  const childAt = (name: string): string | undefined => children.get(name)
  const arbiter = new Arbiter({ self: 'a', table, childAt, agreement, epochs }, bounds)
  return { arbiter, table, agreement, children }
}

function ready(): Court {
  const made = court()
  made.agreement.check(100)
  return made
}

function claimOf(node: string, id = 1, name = 'x'): Claim {
  return { node, incarnation: '1', id, name }
}

function owned(node: string, epoch: number, name = 'x'): HeldEntry {
  return { log: { owner: node, incarnation: '1' }, key: name, value: epoch }
}

describe('Arbiter', () => {
  it('grants nobody the id of a child', () => {
    const { arbiter, children } = ready()
    children.set('x', 'c')
    assert.deepEqual(arbiter.judge(claimOf('b'), 0), { kind: 'taken', node: 'c' })
    assert.equal(arbiter.granteeOf('x'), undefined)
    children.delete('x')
    assert.equal(arbiter.judge(claimOf('b'), 0)?.kind, 'granted')
    assert.equal(arbiter.granteeOf('x'), 'b')
    arbiter.seen('x', 'b', Infinity)
    assert.equal(arbiter.granteeOf('x'), undefined)
  })

  it('grants a free name once, before anybody has heard of the new owner', () => {
    const { arbiter } = ready()
    assert.equal(arbiter.judge(claimOf('b'), 0)?.kind, 'granted')
    assert.deepEqual(arbiter.judge(claimOf('c'), 0), { kind: 'taken', node: 'b' })
  })

  it('gives the same answer to the same claim asked again', () => {
    const { arbiter } = ready()
    const first = arbiter.judge(claimOf('b'), 0)
    assert.deepEqual(arbiter.judge(claimOf('b'), 1), first)
  })

  it('refuses a name that another than the claimant has too, whoever of the two would win', () => {
    for (const epochs of [
      [1, 2],
      [2, 1],
    ] as const) {
      const { arbiter, table } = ready()
      table.put(owned('b', epochs[0]))
      table.put(owned('c', epochs[1]))
      assert.deepEqual(arbiter.judge(claimOf('b'), 0), { kind: 'taken', node: 'c' })
      assert.deepEqual(arbiter.judge(claimOf('c'), 0), { kind: 'taken', node: 'b' })
    }
  })

  it('refuses a name somebody has, but not to its owner, who gave it up', () => {
    const { arbiter, table } = ready()
    table.put(owned('b', 7))
    assert.deepEqual(arbiter.judge(claimOf('c'), 0), { kind: 'taken', node: 'b' })
    assert.equal(arbiter.judge(claimOf('b'), 0)?.kind, 'granted')
    const formerLife = { ...claimOf('b', 2), incarnation: '2' }
    assert.deepEqual(arbiter.judge(formerLife, 0), { kind: 'taken', node: 'b' })
  })

  it('says nothing before the view is agreed on', () => {
    const { arbiter } = court()
    assert.equal(arbiter.judge(claimOf('b'), 0), undefined)
  })

  it('sends away who asks for a name another decides about', () => {
    const { arbiter, agreement } = ready()
    const members = ['a', 'b'].map((name) => ({ name, incarnation: '1', isObserver: name === 'a' }))
    agreement.viewChanged(new View(members, 'a'), 200)
    assert.deepEqual(arbiter.judge(claimOf('b'), 0), { kind: 'stale' })
  })

  it('forgets a grant when the owner is heard, when it is given back, when its node goes', () => {
    for (const end of [
      (arbiter: Arbiter, epoch: number) => {
        arbiter.seen('x', 'b', epoch)
      },
      (arbiter: Arbiter) => {
        arbiter.release(claimOf('b'))
      },
      (arbiter: Arbiter) => {
        arbiter.nodeGone('b')
      },
      (arbiter: Arbiter) => {
        arbiter.sweep(bounds.grantKeepMs)
      },
    ]) {
      const { arbiter } = ready()
      const verdict = arbiter.judge(claimOf('b'), 0) as Verdict & { kind: 'granted' }
      end(arbiter, verdict.epoch)
      assert.equal(arbiter.grants, 0)
      assert.equal(arbiter.judge(claimOf('c'), 0)?.kind, 'granted')
    }
  })

  it('keeps a grant when something of another claim comes', () => {
    const { arbiter } = ready()
    arbiter.judge(claimOf('b', 2), 0)
    arbiter.release(claimOf('b', 1))
    arbiter.release(claimOf('c', 2))
    arbiter.seen('x', 'b', 1)
    arbiter.sweep(bounds.grantKeepMs - 1)
    assert.deepEqual(arbiter.judge(claimOf('c'), 0), { kind: 'taken', node: 'b' })
  })

  it('asks to come again when too many grants are open', () => {
    const { arbiter } = ready()
    for (let at = 0; at < bounds.grantsMax; at++) arbiter.judge(claimOf('b', at, String(at)), 0)
    assert.deepEqual(arbiter.judge(claimOf('b', 9, 'x'), 0), { kind: 'stale' })
  })
})

describe('Desk', () => {
  function deskOf({ arbiter }: Court, max = 10): { desk: Desk; answers: string[] } {
    const answers: string[] = []
    const answer = ({ node, id }: Claim, { kind }: Verdict): void => {
      answers.push(`${node} ${String(id)} ${kind}`)
    }
    return { desk: new Desk({ arbiter, nowMs: () => 0, answer }, max), answers }
  }

  it('holds claims until the view is agreed on, and then decides in the order they came', () => {
    const made = court()
    const { desk, answers } = deskOf(made)
    desk.receive(claimOf('b'))
    desk.receive(claimOf('b'))
    desk.receive(claimOf('c'))
    assert.deepEqual(answers, [])
    made.agreement.check(100)
    desk.recheck()
    assert.deepEqual(answers, ['b 1 granted', 'c 1 taken'])
  })

  it('forgets held claims that are taken back, and those of a node that went', () => {
    const made = court()
    const { desk, answers } = deskOf(made)
    desk.receive(claimOf('b'))
    desk.receive(claimOf('c'))
    desk.release(claimOf('b'))
    desk.nodeGone('c')
    made.agreement.check(100)
    desk.recheck()
    assert.deepEqual(answers, [])
  })

  it('asks to come again when too many are held', () => {
    const { desk, answers } = deskOf(court(), 1)
    desk.receive(claimOf('b', 1))
    desk.receive(claimOf('b', 2))
    assert.deepEqual(answers, ['b 2 stale'])
  })
})
