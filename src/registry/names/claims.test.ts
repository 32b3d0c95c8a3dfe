import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isFoundationError } from '../../kernel/index.ts'
import { Claims } from './claims.ts'
import { View } from './view.ts'

const bounds = { claimResendAfterMs: 1_000, claimsMax: 2, grantKeepMs: 10_000 }

/** Claims of a node whose view has one other member, the arbiter of everything. */
class Desk {
  nowMs = 0
  readonly sent: string[] = []
  readonly ended: string[] = []
  readonly claims: Claims
  #arbiter = 'b'

  constructor() {
    const view = (): View =>
      new View([{ name: this.#arbiter, incarnation: '1', isObserver: false }], 'a')
    this.claims = new Claims(
      {
        view,
        nowMs: () => this.nowMs,
        send: (arbiter, kind, { id, name }) => {
          this.sent.push(`${kind} ${arbiter} ${String(id)} ${name}`)
        },
      },
      bounds,
    )
  }

  claim(name = 'x', timeoutMs = 5_000): (reason: unknown) => void {
    return this.claims.claim(name, timeoutMs, {
      granted: ({ epoch, id }) => {
        this.ended.push(`granted ${String(epoch)} to ${String(id)}`)
      },
      failed: (reason) => {
        this.ended.push(isFoundationError(reason) ? reason.code : String(reason))
      },
    })
  }

  moveTo(arbiter: string): void {
    this.#arbiter = arbiter
    this.claims.viewChanged()
  }

  at(ms: number): void {
    this.nowMs = ms
    this.claims.tick()
  }
}

describe('Claims', () => {
  it('asks the arbiter and takes its grant', () => {
    const desk = new Desk()
    desk.claim()
    desk.claims.verdict('b', { id: 1, kind: 'granted', epoch: 7 })
    assert.deepEqual(desk.sent, ['claims b 1 x'])
    assert.deepEqual(desk.ended, ['granted 7 to 1'])
    assert.equal(desk.claims.size, 0)
  })

  it('fails when the name is taken', () => {
    const desk = new Desk()
    desk.claim()
    desk.claims.verdict('b', { id: 1, kind: 'taken', node: 'c' })
    assert.deepEqual(desk.ended, ['FND_NAME_TAKEN'])
  })

  it('asks the new arbiter under a new number, and the grant of the former one is void', () => {
    const desk = new Desk()
    desk.claim()
    desk.moveTo('c')
    desk.claims.verdict('b', { id: 1, kind: 'granted', epoch: 7 })
    desk.claims.verdict('b', { id: 2, kind: 'granted', epoch: 7 })
    assert.deepEqual(desk.ended, [])
    desk.moveTo('b')
    desk.claims.verdict('b', { id: 1, kind: 'granted', epoch: 7 })
    assert.deepEqual(desk.ended, [], 'a grant of the first time means nothing the second time')
    desk.claims.verdict('b', { id: 3, kind: 'granted', epoch: 9 })
    assert.deepEqual(desk.ended, ['granted 9 to 3'])
    const releases = desk.sent.filter((line) => line.startsWith('releases'))
    assert.deepEqual(releases, ['releases b 1 x', 'releases c 2 x'])
  })

  it('asks again, each time a little later, when it is sent away', () => {
    const desk = new Desk()
    desk.claim()
    desk.claims.verdict('b', { id: 1, kind: 'stale' })
    desk.at(19)
    assert.equal(desk.sent.length, 1)
    desk.at(20)
    assert.equal(desk.sent.length, 2)
    desk.claims.verdict('b', { id: 1, kind: 'stale' })
    desk.at(40)
    assert.equal(desk.sent.length, 2)
    desk.at(60)
    assert.equal(desk.sent.length, 3)
  })

  it('asks again when no answer comes, and when the link is new', () => {
    const desk = new Desk()
    desk.claim()
    desk.at(1_000)
    desk.claims.linkUp('b')
    desk.claims.linkUp('c')
    assert.deepEqual(desk.sent, ['claims b 1 x', 'claims b 1 x', 'claims b 1 x'])
  })

  it('ends by its deadline, and takes the claim back', () => {
    const desk = new Desk()
    desk.claim('x', 500)
    desk.at(499)
    assert.deepEqual(desk.ended, [])
    desk.at(500)
    assert.deepEqual(desk.ended, ['FND_TIMED_OUT'])
    assert.equal(desk.sent.at(-1), 'releases b 1 x')
  })

  it('does not take a grant that comes after the deadline, though nothing has ticked', () => {
    const desk = new Desk()
    desk.claim('x', 500)
    desk.nowMs = 600
    desk.claims.verdict('b', { id: 1, kind: 'granted', epoch: 7 })
    assert.deepEqual(desk.ended, ['FND_TIMED_OUT'])
  })

  it('does not take a grant so late that the arbiter may have forgotten it', () => {
    const desk = new Desk()
    desk.claim('x', 60_000)
    desk.nowMs = 6_000
    desk.claims.verdict('b', { id: 1, kind: 'granted', epoch: 7 })
    assert.deepEqual(desk.ended, [])
    assert.deepEqual(desk.sent.slice(1), ['releases b 1 x', 'claims b 2 x'])
  })

  it('can be given up once, and is bounded', () => {
    const desk = new Desk()
    const cancel = desk.claim('x')
    desk.claim('y')
    assert.throws(() => desk.claim('z'), { code: 'FND_LIMIT_REACHED' })
    cancel('no longer wanted')
    cancel('no longer wanted')
    assert.deepEqual(desk.ended, ['no longer wanted'])
  })
})
