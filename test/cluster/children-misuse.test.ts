/** What a user may do wrong about a child that runs: a coded error each, and the child stays as it was. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FoundationNode, ServiceClasses } from '../../src/index.ts'
import { needs } from '../ground/ground.ts'
import { cluster, codeOf, diary, Plain } from './children-kit.ts'

/** Hands itself over in a way that a test may break. */
class Steady extends Plain {
  static handoff: () => unknown = () => 1
  static canMove: () => boolean | Promise<boolean> = () => true
  readonly limit = 3
  ping(): string {
    return 'here'
  }
  handoff(): unknown {
    return Steady.handoff()
  }
  canMove(): boolean | Promise<boolean> {
    return Steady.canMove()
  }
}
const services: ServiceClasses = { Steady, Plain }

function broken(): never {
  throw new Error('by request')
}

type Method = () => Promise<unknown>
type Misuse = (supervisor: FoundationNode['supervisor'], to: string) => unknown

const spec = { id: 'x', service: 'Steady' }
const calling =
  (method: string): Misuse =>
  (supervisor) =>
    supervisor.get<Record<string, Method>>('x')[method]?.()
const movingWith =
  (handoff: () => unknown): Misuse =>
  (supervisor, to) => {
    Steady.handoff = handoff
    return supervisor.move('x', to)
  }
const movingWhen =
  (canMove: () => boolean | Promise<boolean>): Misuse =>
  (supervisor, to) => {
    Steady.canMove = canMove
    return supervisor.move('x', to)
  }

const misuses: readonly [string, string, Misuse][] = [
  [
    'another service under its id',
    'FND_CHILD_EXISTS',
    (s) => s.startChild({ ...spec, service: 'Plain' }),
  ],
  [
    'a service nobody has under its id',
    'FND_CHILD_EXISTS',
    (s) => s.startChild({ ...spec, service: 'None' }),
  ],
  ['other arguments', 'FND_CHILD_EXISTS', (s) => s.startChild({ ...spec, args: 1 })],
  [
    'arguments that cannot be carried',
    'FND_MESSAGE_INVALID',
    (s) => s.startChild({ ...spec, args: () => 1 }),
  ],
  [
    'arguments that are too large',
    'FND_MESSAGE_TOO_LARGE',
    (s) => s.startChild({ ...spec, args: Buffer.alloc(99_000) }),
  ],
  [
    'a policy there is not',
    'FND_OPTION_INVALID',
    (s) => s.startChild({ ...spec, restart: 'maybe' as never }),
  ],
  [
    'an option there is not',
    'FND_OPTION_INVALID',
    (s) => s.startChild({ ...spec, retries: 3 } as never),
  ],
  ['a start of what is no id', 'FND_OPTION_INVALID', (s) => s.startChild({ ...spec, id: 'a b' })],
  ['a stop of what is no id', 'FND_OPTION_INVALID', (s) => s.stopChild('a b')],
  ['a move of what is no id', 'FND_OPTION_INVALID', (s, to) => s.move('a b', to)],
  [
    'a singleton of what is no id',
    'FND_OPTION_INVALID',
    (s) => s.singleton('', { service: 'Steady' }),
  ],
  [
    'a job of what is no id',
    'FND_OPTION_INVALID',
    (s) => s.runOnce('x'.repeat(201), { service: 'Steady' }),
  ],
  ['a stop of a child there is not', 'FND_CHILD_UNKNOWN', (s) => s.stopChild('y')],
  ['a move to a node there is not', 'FND_NO_NODE', (s) => s.move('x', 'nowhere')],
  ['a call of a method there is not', 'FND_METHOD_UNKNOWN', calling('nothing')],
  ['a call of what is no method', 'FND_METHOD_UNKNOWN', calling('limit')],
  ['a state that is too large', 'FND_STATE_INVALID', movingWith(() => Buffer.alloc(2_000))],
  [
    'a state that cannot be carried',
    'FND_STATE_INVALID',
    movingWith(() => ({ callback: () => 1 })),
  ],
  ['a hand-over that never ends', 'FND_TIMED_OUT', movingWith(() => new Promise(() => undefined))],
  ['a no that comes later', 'FND_CHILD_PINNED', movingWhen(() => Promise.resolve(false))],
  ['a canMove() that throws', 'FND_CHILD_PINNED', movingWhen(broken)],
  [
    'a canMove() that rejects',
    'FND_CHILD_PINNED',
    movingWhen(() => Promise.reject(new Error('by request'))),
  ],
  [
    'a canMove() that never answers',
    'FND_CHILD_PINNED',
    movingWhen(() => new Promise(() => undefined)),
  ],
  ['a hand-over that throws', 'FND_REMOTE_FAILED', movingWith(broken)],
]

describe('a move', needs(), () => {
  it('to a node that may not run the child says why', async () => {
    await using made = await cluster({ services })
    const { network, node } = made
    const { supervisor } = node('a')
    const to = await network.run(supervisor.startChild({ ...spec, id: 'here' }))
    const other = ['a', 'b', 'c'].find((name) => name !== to.node) ?? ''
    const refused = (name: string, message: RegExp): Promise<void> =>
      assert.rejects(network.run(supervisor.move('here', name)), { code: 'FND_NO_NODE', message })
    await refused('nowhere', /nowhere \(no member of this name that runs children\)/)
    await network.run(node(other).supervisor.drain())
    const sees = (): boolean =>
      supervisor
        .explain('here')
        .candidates.some(({ name, ineligible }) => name === other && ineligible === 'draining')
    await network.until('the other node drains', sees)
    await refused(other, new RegExp(`${other} \\(draining\\)`))
  })
})

describe('a child that runs', needs('virtual time'), () => {
  for (const [what, code, misuse] of misuses) {
    it(`stays as it was after ${what}`, async () => {
      Steady.canMove = () => true
      await using made = await cluster({ services, supervisor: { stateMaxBytes: 1_000 } })
      const { network, node } = made
      const child = await network.run(node('a').supervisor.startChild(spec))
      const { node: home = '', epoch } = child
      const to = ['a', 'b', 'c'].find((name) => name !== home) ?? ''
      const tried = Promise.resolve().then(() => misuse(node('b').supervisor, to))
      const outcome = await network.run(codeOf(tried))
      assert.equal(outcome, code)
      await network.advance(2_000)
      for (const name of ['a', 'b', 'c']) {
        const all = node(name).supervisor.which()
        assert.deepEqual(
          all.map((info) => [info.id, info.state, info.node, info.epoch]),
          [['x', 'running', home, epoch]],
        )
      }
      assert.deepEqual(diary, [`born ${home} x start`], 'one instance, which was not ended')
      assert.equal(await network.run(node('b').supervisor.get<Steady>('x').ping()), 'here')
    })
  }
})
