/** Children under bad input, failures and policies. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { needs } from '../ground/ground.ts'
import {
  cluster,
  codeOf,
  diary,
  nodes,
  services,
  stateOf,
  type Fat,
  type Plain,
} from './children-kit.ts'

describe('children that cannot start', needs(), () => {
  for (const [service, code] of [
    ['Missing', 'FND_SERVICE_UNKNOWN'],
    ['Throws', 'FND_CHILD_START_FAILED'],
    ['Hangs', 'FND_CHILD_START_FAILED'],
  ] as const) {
    it(`are refused and not wanted any more: ${service}`, async () => {
      await using made = await cluster()
      const { network, node } = made
      const started = codeOf(node('a').supervisor.startChild({ id: 'x', service }))
      assert.equal(await network.run(started), code)
      await network.advance(1_000)
      for (const name of nodes) assert.deepEqual(node(name).supervisor.which(), [])
      await network.run(node('b').supervisor.startChild({ id: 'x', service: 'Plain' }))
      assert.equal(stateOf(made, 'x'), 'running')
    })
  }

  it('are given up when they hang in their start again and again, longer than their budget looks back', async () => {
    await using made = await cluster({ services, supervisor: { startTimeoutMs: 300 } })
    const { network, node } = made
    const spec = { id: 'x', service: 'Hangs', withinMs: 200, shutdownMs: 100 }
    await network.run(node('a').supervisor.startChild({ ...spec, ack: 'accepted' }))
    const child = () => node('b').supervisor.which()[0]
    await network.until('it is given up', () => child()?.state === 'failed')
    assert.match(child()?.error ?? '', /did not start/)
  })

  it('are refused where no node has the roles or room, and told by name', async () => {
    await using made = await cluster({ supervisor: { maxChildren: 1 } })
    const { network, node } = made
    const start = (id: string, given: object = {}) =>
      codeOf(node('a').supervisor.startChild({ id, service: 'Plain', ...given }))
    assert.equal(await network.run(start('db', { roles: ['db'] })), 'FND_NO_NODE')
    const codes = await network.run(Promise.all(['1', '2', '3'].map((id) => start(id))))
    assert.deepEqual(codes, ['no error', 'no error', 'no error'])
    assert.equal(await network.run(start('4')), 'FND_NO_NODE')
    const { candidates } = node('b').supervisor.explain('1')
    assert.ok(candidates.some(({ ineligible }) => ineligible === 'full'))
  })

  it('are refused for what is no specification', async () => {
    await using made = await cluster()
    const { network, node } = made
    for (const bad of [{ id: 'a b' }, { id: '' }, { placement: 'nowhere' }, { restart: 'maybe' }]) {
      const spec = { id: 'x', service: 'Plain', ...bad } as never
      assert.equal(
        await network.run(codeOf(node('a').supervisor.startChild(spec))),
        'FND_OPTION_INVALID',
      )
    }
    const stopped = codeOf(node('a').supervisor.stopChild('a b'))
    assert.equal(await network.run(stopped), 'FND_OPTION_INVALID')
    assert.throws(() => node('a').supervisor.get('a b'), { code: 'FND_OPTION_INVALID' })
    const moved = codeOf(node('a').supervisor.move('x', 'b'))
    assert.equal(await network.run(moved), 'FND_CHILD_UNKNOWN')
  })
})

describe('children that end', needs(), () => {
  const births = (): number => diary.filter((line) => line.startsWith('born')).length

  /** A child ends; waits until its policy has done what it does, and nothing more comes of it. */
  const end = async (
    restart: 'permanent' | 'transient' | 'temporary',
    how: 'done' | 'fail',
    expected: 'running' | undefined,
  ): Promise<void> => {
    await using made = await cluster()
    const { network, node } = made
    await network.run(node('a').supervisor.startChild({ id: 'x', service: 'Plain', restart }))
    await network.run(node('b').supervisor.get<Plain>('x')[how]())
    const lives = expected === 'running' ? 2 : 1
    const isAsExpected = (): boolean => stateOf(made, 'x') === expected && births() === lives
    await network.until(`${restart} ${how}: ${expected ?? 'gone'}`, isAsExpected)
    await network.advance(500)
    assert.ok(isAsExpected())
  }

  it('are started again by their policy', async () => {
    const expected = {
      permanent: { done: 'running', fail: 'running' },
      transient: { done: undefined, fail: 'running' },
      temporary: { done: undefined, fail: undefined },
    } as const
    for (const restart of ['permanent', 'transient', 'temporary'] as const) {
      for (const how of ['done', 'fail'] as const) {
        await end(restart, how, expected[restart][how])
      }
    }
  })

  it('do not end because a method throws', async () => {
    await using made = await cluster()
    const { network, node } = made
    const child = await network.run(node('a').supervisor.startChild({ id: 'x', service: 'Plain' }))
    const { epoch } = child
    const call = codeOf(node('b').supervisor.get<Plain>('x').throwIt())
    assert.equal(await network.run(call), 'FND_REMOTE_FAILED')
    await network.advance(1_000)
    assert.equal(child.epoch, epoch)
  })

  it('are failed when they fail too often, stop nobody else, and can be started anew', async () => {
    await using made = await cluster()
    const { network, node } = made
    const failures: string[] = []
    node('c').on('child-failed', ({ id }) => failures.push(id))
    const start = () => node('a').supervisor.startChild({ id: 'x', service: 'Plain' })
    await network.run(node('a').supervisor.startChild({ id: 'other', service: 'Plain' }))
    await network.run(start())
    for (let at = 0; at < 4; at++) {
      await network.run(node('b').supervisor.get<Plain>('x').fail())
      const lives = at + 3
      await network.until('it lives again, or no more', () => {
        const state = stateOf(made, 'x')
        return state === 'failed' || (state === 'running' && births() === lives)
      })
    }
    await network.until('its failure is told', () => failures.length > 0)
    await network.settle()
    assert.deepEqual([stateOf(made, 'x'), stateOf(made, 'other')], ['failed', 'running'])
    assert.deepEqual(failures, ['x'])
    await network.run(start())
    assert.equal(stateOf(made, 'x'), 'running')
  })

  it('are run once, however many nodes ask', async () => {
    await using made = await cluster()
    const { network, node } = made
    const asked = nodes.map((name) => node(name).supervisor.runOnce('job', { service: 'Plain' }))
    await network.run(Promise.all(asked))
    await network.until('it is done', () => stateOf(made, 'job') === 'completed')
    await network.run(node('c').supervisor.runOnce('job', { service: 'Plain' }))
    await network.advance(500)
    assert.equal(births(), 1)
    assert.equal(stateOf(made, 'job'), 'completed')
  })
})

describe('children that cannot be moved', needs(), () => {
  for (const [service, code] of [
    ['Fat', 'FND_STATE_INVALID'],
    ['Odd', 'FND_STATE_INVALID'],
    ['Pinned', 'FND_CHILD_PINNED'],
  ] as const) {
    it(`stay where they are and serve on: ${service}`, async () => {
      await using made = await cluster()
      const { network, node } = made
      const child = await network.run(node('a').supervisor.startChild({ id: 'x', service }))
      const { node: before, epoch } = child
      const to = nodes.find((name) => name !== before) ?? ''
      assert.equal(await network.run(codeOf(node('a').supervisor.move('x', to))), code)
      assert.deepEqual([child.node, child.epoch], [before, epoch])
      const served = node('b').supervisor.get<Fat>('x').ping()
      assert.equal(await network.run(served), 'here')
      assert.equal(diary.filter((line) => line.startsWith('ended')).length, 0)
    })
  }

  it('start anew elsewhere when their node leaves', async () => {
    await using made = await cluster()
    const { network, node } = made
    const child = await network.run(node('a').supervisor.startChild({ id: 'x', service: 'Pinned' }))
    const { node: before = '' } = child
    await network.run(node(before).stop())
    const other = nodes.find((name) => name !== before) ?? ''
    await network.until('it runs elsewhere', () => {
      const [child] = node(other).supervisor.which()
      return child?.state === 'running' && child.node !== before
    })
    assert.ok(diary.includes(`ended ${before} x moved`), diary.join('; '))
  })
})
