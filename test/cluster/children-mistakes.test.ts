/** Code of a user that fails where nobody calls it: children run all the same, and somebody is told. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { needs } from '../ground/ground.ts'
import { cluster, nodes } from './children-kit.ts'
import type { Cluster } from './form-cluster.ts'

/** What any node complains of from now on. */
function complaintsOf({ node }: Cluster): { code: string; message: string }[] {
  const complaints: { code: string; message: string }[] = []
  for (const name of nodes) {
    node(name).on('trouble', ({ error: { code, message } }) => complaints.push({ code, message }))
  }
  return complaints
}

describe('mistakes in the code of a user', needs('virtual time'), () => {
  const placements = {
    broken: (): never => {
      throw new Error('by request')
    },
    late: (() => Promise.reject(new Error('nobody waits'))) as never,
  }
  for (const [placement, why] of [
    ['broken', 'by request'],
    ['late', 'promise'],
  ] as const) {
    it(`a placement that is ${placement} is told of, and its children run`, async () => {
      await using made = await cluster({ supervisor: { placements } })
      const { network, node } = made
      const complaints = complaintsOf(made)
      const { supervisor } = node('a')
      for (const id of ['one', 'two', 'three', 'four', 'five', 'six']) {
        const spec = { id, service: 'Plain', placement }
        const child = await network.run(supervisor.startChild(spec, { timeoutMs: 5_000 }))
        assert.ok(nodes.includes(child.node ?? ''))
        assert.match(supervisor.explain(id).reason, new RegExp(`"${placement}" failed .*${why}`))
      }
      assert.ok(complaints.length > 0 && complaints.length <= nodes.length, 'once on each home')
      for (const { code, message } of complaints) {
        assert.equal(code, 'FND_PLACEMENT_FAILED')
        assert.match(message, new RegExp(why))
      }
    })
  }

  for (const service of ['Odd', 'Fat']) {
    it(`a state that cannot be handed over (${service}) does not keep a node from draining`, async () => {
      await using made = await cluster()
      const { network, node } = made
      const { supervisor } = node('a')
      const child = await network.run(supervisor.startChild({ id: 'x', service }))
      const { node: from = '' } = child
      const complaints = complaintsOf(made)
      const moves: string[] = []
      node('a').on('child-moved', ({ state }) => moves.push(state))
      const left = await network.run(node(from).supervisor.drain({ timeoutMs: 5_000 }))
      assert.deepEqual(left, [])
      await network.until('it runs elsewhere', () => {
        const [info] = supervisor.which()
        return info?.state === 'running' && info.node !== from
      })
      assert.deepEqual(moves, ['fresh'])
      assert.deepEqual(
        complaints.map(({ code }) => code),
        ['FND_STATE_INVALID'],
      )
      assert.match(complaints[0]?.message ?? '', /Child "x" .* goes on without its state/)
    })
  }
})
