import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isFoundationError } from '../../src/index.ts'
import { needs } from '../ground/ground.ts'
import { services } from './children-kit.ts'
import { formCluster } from './form-cluster.ts'

const mail = { send: (): string => 'by the plain service' }
const ids = Array.from({ length: 40 }, (_, number) => `id:${String(number)}`)

function isTaken(outcome: PromiseSettledResult<unknown>): boolean {
  if (outcome.status === 'fulfilled') return false
  return isFoundationError(outcome.reason) && outcome.reason.code === 'FND_NAME_TAKEN'
}

describe('a name and a child of one id', needs(), () => {
  it('are never both given, whoever asks first, or all at once', async () => {
    await using cluster = await formCluster(['a', 'b', 'c'], { options: { services } })
    const { network, node, nodes } = cluster
    const conflicts: string[] = []
    for (const each of nodes) each.on('name-conflict', ({ name }) => conflicts.push(name))
    const rounds = ids.map((id, number) => {
      const [first, second] = [nodes[number % 3], nodes[(number + 1) % 3]]
      assert.ok(first && second)
      return Promise.allSettled([
        first.registry.register(id, mail),
        second.supervisor.startChild({ id, service: 'Plain' }),
      ])
    })
    for (const [number, outcomes] of (await network.run(Promise.all(rounds))).entries()) {
      assert.deepEqual(outcomes.map(isTaken).sort(), [false, true], ids[number])
    }
    for (const id of ['late:1', 'late:2', 'late:3']) {
      await network.run(node('b').registry.register(id, mail))
      const started = node('c').supervisor.startChild({ id, service: 'Plain' })
      await assert.rejects(network.run(started), { code: 'FND_NAME_TAKEN' })
    }
    for (const id of ['early:1', 'early:2', 'early:3']) {
      await network.run(node('b').supervisor.startChild({ id, service: 'Plain', ack: 'accepted' }))
      const registered = node('c').registry.register(id, mail)
      await assert.rejects(network.run(registered), { code: 'FND_NAME_TAKEN' })
    }
    assert.deepEqual(conflicts, [])
  })

  it('are one after a split: the child keeps the name, and the node that had it is told', async () => {
    await using cluster = await formCluster(['a', 'b', 'c'], { options: { services } })
    const { network, node } = cluster
    network.partition(['a'], ['b', 'c'])
    const isParted = (): boolean =>
      node('a').members().length === 1 && node('b').members().length === 2
    await network.until('they have given each other up', isParted)
    const registration = await network.run(node('a').registry.register('x', mail))
    await network.run(node('b').supervisor.startChild({ id: 'x', service: 'Plain' }))
    const conflicts: string[] = []
    node('a').on('name-conflict', ({ name, loser }) => conflicts.push(`${name} ${loser.node}`))
    network.heal()
    await network.until('the registration is lost', () => registration.lost.aborted)
    assert.deepEqual(conflicts, ['x a'])
    assert.notEqual(node('a').registry.lookup('x')?.node, 'a')
  })
})
