/**
 * An hour in which the link between two of three nodes goes and comes back, for 0.2 to 20 s each time.
 * The third node reaches both, so that nobody gives anybody up: nothing excuses a loss or a double.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { queryObjects } from 'node:v8'
import { childrenDiffer } from './children/children-invariants.ts'
import { ChildrenWorkload } from './children/children-workload.ts'
import { Oracle } from './children/oracle.ts'
import { simServices } from './children/sim-child.ts'
import { converge } from './converge.ts'
import { FlappingLink } from './flapping/flapping-link.ts'
import { checkSoleOwner, checkTables, leftOpen, tablesDiffer } from './names/name-invariants.ts'
import { contested, NameWorkload } from './names/name-workload.ts'
import { World } from './world.ts'

const hourMs = 3_600_000
const seed = 1
const nodes = 3
const restMaxMs = 60_000

/** Lets the time pass while the link comes and goes; then it is whole. @returns how often it went. */
async function flap(
  world: World,
  forMs: number,
  { stepMs = 1_000, step = () => undefined }: { stepMs?: number; step?: () => void } = {},
): Promise<number> {
  const link = new FlappingLink(world)
  const endMs = world.nowMs + forMs
  link.begin()
  while (world.nowMs < endMs && world.records.violations.length === 0) {
    step()
    link.look()
    await world.clock.advance(stepMs)
  }
  link.end()
  return link.cuts
}

function begun(world: World): World {
  for (const name of world.names) world.begin(name)
  return world
}

/** Names, children and shared values that stay as they are. */
async function furnish(world: World): Promise<void> {
  await world.clock.advance(5_000)
  for (const { name, parts } of world.up) {
    for (let at = 0; at < 100; at++) {
      parts.registry.meta.put(`${name}:${String(at)}`, at)
      void parts.registry.register(`${name}:${String(at)}`)
      if (at < 10)
        void parts.supervisor.startChild({ id: `${name}.${String(at)}`, service: 'Idle' })
    }
  }
  await world.clock.advance(5_000)
}

class Idle {
  ping(): string {
    return 'here'
  }
}

describe('a link that comes and goes for an hour', () => {
  it('costs no name, and leaves equal tables', async (t) => {
    const world = begun(new World({ seed, nodes }))
    const workload: NameWorkload = new NameWorkload(world, contested, (holding) => {
      checkSoleOwner(world, workload.holdings, holding)
    })
    const step = (): void => {
      workload.checkClaims()
      checkTables(world, workload.holdings)
      workload.step()
    }
    const cuts = await flap(world, hourMs, { stepMs: 250, step })
    const notYet = (): string | undefined =>
      workload.open > 0
        ? 'claims are open'
        : (tablesDiffer(world, workload.holdings) ?? leftOpen(world))
    await converge(world, { after: 'the hour', notYet, maxMs: restMaxMs })
    const { counts } = workload
    t.diagnostic(`${String(cuts)} cuts, ${String(counts.get('names registered'))} registrations`)
    assert.deepEqual(world.records.violations, [])
    assert.equal(counts.get('names lost'), undefined)
    assert.equal(world.records.counts.get('member-down'), undefined)
    assert.ok(cuts > 200)
  })

  it('never makes a child live twice, and loses none', async (t) => {
    const world: World = new World({
      ...{ seed, nodes },
      settings: (name) => ({ classes: simServices(() => ({ name, world, oracle })) }),
    })
    const oracle: Oracle = new Oracle(world, true)
    begun(world)
    const workload = new ChildrenWorkload(world, oracle)
    const step = (): void => {
      oracle.look()
      workload.checkOpen()
      workload.step()
    }
    const cuts = await flap(world, hourMs, { step })
    const notYet = (): string | undefined =>
      workload.open > 0 ? 'requests are open' : childrenDiffer({ world, oracle, workload })
    await converge(world, { after: 'the hour', notYet, maxMs: restMaxMs })
    t.diagnostic(`${String(cuts)} cuts, ${String(oracle.counts.get('child moved'))} moves`)
    assert.deepEqual(world.records.violations, [])
    assert.ok(cuts > 200)
  })

  it('leaves nothing behind, however often it goes', async (t) => {
    const world = begun(new World({ seed, nodes, settings: () => ({ classes: { Idle } }) }))
    await furnish(world)
    const objects: number[] = []
    let cuts = 0
    for (let round = 0; round < 4; round++) {
      cuts = await flap(world, hourMs / 6)
      await world.clock.advance(10_000)
      objects.push(queryObjects(Object, { format: 'count' }))
    }
    t.diagnostic(`objects after each ten minutes: ${objects.join(' ')}`)
    // In the first two rounds what is bounded fills up.
    const more = (objects[3] ?? Infinity) - (objects[1] ?? 0)
    assert.ok(more < cuts, `${String(more)} more objects after two times ${String(cuts)} cuts`)
    assert.equal(world.up[0]?.parts.registry.count(), 330)
    assert.deepEqual(world.records.violations, [])
  })
})
