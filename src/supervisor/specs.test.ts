import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { silentLog } from '../kernel/index.ts'
import { MapNetwork } from '../replication/map-fixtures.ts'
import { recordOf } from './core/fixtures.ts'
import { Specs } from './specs.ts'

const record = recordOf()
const { id } = record.spec

describe('a child that is proposed', () => {
  let network: MapNetwork
  let a: Specs
  let b: Specs

  beforeEach(() => {
    network = new MapNetwork(['a', 'b'])
    const specsOf = (name: string): Specs => new Specs(network.node(name).map, silentLog, name)
    a = specsOf('a')
    b = specsOf('b')
  })

  const meet = async (): Promise<void> => {
    network.link('a', 'b')
    await network.host.advance(1_000)
  }
  /** On both nodes: wanted, proposed, or neither. */
  const states = (): (string | undefined)[] =>
    [a, b].map((specs) => {
      if (specs.proposalOf(id)) return 'proposed'
      return specs.get(id) && 'wanted'
    })

  it('is wanted for good once it is settled, and not at all once it is retracted', async () => {
    const first = a.propose(id, record)
    await network.host.advance(100)
    assert.deepEqual(states(), ['proposed', 'proposed'])
    a.retract(first)
    await network.host.advance(100)
    assert.deepEqual(states(), [undefined, undefined])
    a.settle(a.propose(id, record))
    await network.host.advance(100)
    assert.deepEqual(states(), ['wanted', 'wanted'])
  })

  it('takes no child back that was accepted elsewhere, before or after', async () => {
    for (const isLate of [false, true]) {
      network.unlink('a', 'b')
      if (!isLate) b.put(id, record)
      await network.host.advance(1_000)
      const proposal = a.propose(id, record)
      if (isLate) b.put(id, record)
      a.retract(proposal)
      await meet()
      assert.deepEqual(states(), ['wanted', 'wanted'])
      a.delete(id)
      await network.host.advance(100)
      assert.deepEqual(states(), [undefined, undefined])
    }
  })

  it('and is accepted meanwhile is not taken back', async () => {
    const proposal = a.propose(id, record)
    await network.host.advance(100)
    const known = b.proposalOf(id)
    assert.ok(known)
    b.settle(known)
    await network.host.advance(100)
    a.retract(proposal)
    a.settle(proposal)
    await network.host.advance(100)
    assert.deepEqual(states(), ['wanted', 'wanted'])
  })

  it('is wanted although another home has retracted its own proposal', async () => {
    network.unlink('a', 'b')
    const [ofA, ofB] = [a.propose(id, record), b.propose(id, record)]
    a.retract(ofA)
    await meet()
    assert.deepEqual(states(), [undefined, undefined])
    b.settle(ofB)
    await network.host.advance(100)
    assert.deepEqual(states(), ['wanted', 'wanted'])
  })

  it('stays taken back when somebody has stopped it', async () => {
    const proposal = a.propose(id, record)
    await network.host.advance(100)
    b.delete(id)
    await network.host.advance(100)
    a.settle(proposal)
    await network.host.advance(100)
    assert.deepEqual(states(), [undefined, undefined])
  })
})
