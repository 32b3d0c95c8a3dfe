import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deferred, silentLog, type Deferred } from '../../kernel/index.ts'
import { HybridClock } from '../../replication/index.ts'
import { VirtualClock } from '../../testing/virtual-host.ts'
import { decodeValue } from '../../wire/index.ts'
import { recordOf } from '../core/fixtures.ts'
import { LocalChild } from './local-child.ts'
import { LocalHandovers } from './local-handovers.ts'
import { SlotTable } from './slot-table.ts'

const { spec, hash } = recordOf()
const { id } = spec
const epoch = 7

/** A running counter whose calls end when a test says so. */
async function running(): Promise<{
  handovers: LocalHandovers
  slots: SlotTable
  counter: { value: number }
  drains: Deferred<undefined>[]
}> {
  const counter = { value: 1 }
  class Counter {
    handoff(): number {
      return counter.value
    }
  }
  const host = new VirtualClock({ seed: 1 }).host('a')
  const nothing = (): undefined => undefined
  const drains: Deferred<undefined>[] = []
  const services = {
    ...{ reserve: nothing, unseal: nothing, remove: nothing },
    seal: async (): Promise<void> => {
      const drained = deferred<undefined>()
      drains.push(drained)
      await drained.promise
    },
  }
  const names = { adopt: () => ({ update: nothing, remove: nothing }) }
  const table = { publish: nothing, withdraw: nothing }
  const slots = new SlotTable({ log: silentLog, self: 'a', table, services, names })
  const clock = new HybridClock(host)
  const child = new LocalChild(
    { spec, epoch, reason: 'start' },
    {
      ...{ host, log: silentLog, node: 'a', service: Counter },
      ...{ ended: nothing, stopped: nothing },
    },
  )
  await child.start({ timeoutMs: 1_000 })
  const facts = { child, epoch, hash, since: clock.now(), isCarried: false }
  slots.put(id, { ...facts, state: 'running' })
  const handovers = new LocalHandovers(
    {
      ...{ host, log: silentLog, clock, slots, services },
      fetch: () => Promise.reject(new Error('nothing is fetched here')),
      classOf: () => Counter,
    },
    { handoverTimeoutMs: 10_000, handoverDrainMs: 5_000, stateMaxBytes: 1_000 },
  )
  return { handovers, slots, counter, drains }
}

/** Resolves when a hand-over waits for calls to end; the child was asked before. */
async function waitsFor(drains: readonly Deferred<undefined>[], count: number): Promise<void> {
  for (let turn = 0; turn < 1_000 && drains.length < count; turn++) await new Promise(setImmediate)
  assert.equal(drains.length, count)
}

describe('local hand-overs', () => {
  it('a hand-over that was given up while calls ran has no part in the next one', async () => {
    const { handovers, slots, counter, drains } = await running()
    const first = handovers.seal({ id, epoch, move: 'first', to: 'b' })
    await waitsFor(drains, 1)
    handovers.unseal(id)
    counter.value = 2
    const second = handovers.seal({ id, epoch, move: 'second', to: 'c' })
    await waitsFor(drains, 2)
    drains[1]?.resolve(undefined)
    const packed = await second
    counter.value = 3
    drains[0]?.resolve(undefined)
    await assert.rejects(first, { code: 'FND_CHILD_NOT_RUNNING' })
    assert.equal(slots.get(id)?.state, 'sealed', 'the next hand-over goes on')
    const kept = handovers.kept({ id, move: 'second' })
    assert.equal(kept?.checksum, packed?.checksum)
    assert.equal(decodeValue(kept?.bytes ?? Buffer.alloc(0)), 2)
    handovers.unseal(id)
  })

  it('keeps the state of the hand-over the child retires in, and answers the order again', async () => {
    const { handovers, slots, drains } = await running()
    const sealed = handovers.seal({ id, epoch, move: 'm', to: 'b' })
    await waitsFor(drains, 1)
    drains[0]?.resolve(undefined)
    await sealed
    const other = handovers.retire({ id, epoch, move: 'other' })
    await assert.rejects(other, { code: 'FND_CHILD_NOT_RUNNING' })
    assert.equal(slots.get(id)?.state, 'sealed')
    await handovers.retire({ id, epoch, move: 'm' })
    await handovers.retire({ id, epoch, move: 'm' })
    assert.equal(slots.get(id)?.state, 'exported')
    assert.throws(() => handovers.kept({ id, move: 'other' }), { code: 'FND_STATE_INVALID' })
    assert.ok(handovers.kept({ id, move: 'm' }))
  })

  it('a state that is kept gives no place away', async () => {
    const { handovers, drains } = await running()
    const sealed = handovers.seal({ id, epoch, move: 'm', to: 'b' })
    await waitsFor(drains, 1)
    drains[0]?.resolve(undefined)
    await sealed
    assert.throws(
      () => {
        handovers.reserve({ id, move: 'n', hash })
      },
      { code: 'FND_CHILD_EXISTS' },
    )
    await handovers.retire({ id, epoch, move: 'm' })
    assert.throws(
      () => {
        handovers.reserve({ id, move: 'n', hash })
      },
      { code: 'FND_CHILD_EXISTS' },
    )
  })
})
