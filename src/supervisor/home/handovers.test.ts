import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deferred, silentLog } from '../../kernel/index.ts'
import { supervisorDefaults } from '../options.ts'
import { Handovers } from './handovers.ts'

const unused = (): Promise<never> => Promise.reject(new Error('nothing is ordered here'))
const actions = { chooseNode: () => undefined, start: unused, order: unused, command: unused }
const host = { randomBytes: (count: number) => new Uint8Array(count) }

describe('Handovers', () => {
  it('has no more under way than it may, and begins the others in the order they came', async () => {
    const options = { ...supervisorDefaults, handoversMax: 2 }
    const handovers = new Handovers({ host, log: silentLog, actions }, options)
    const gates = Array.from({ length: 5 }, () => deferred<undefined>())
    const begun: number[] = []
    const all = gates.map((gate, at) =>
      handovers.inTurn(async () => {
        begun.push(at)
        await gate.promise
        if (at === 1) throw new Error('one that fails')
      }),
    )
    const outcomes = Promise.allSettled(all)
    assert.deepEqual(begun, [0, 1])
    gates[1]?.resolve(undefined)
    await assert.rejects(all[1] ?? Promise.resolve(), /one that fails/)
    // Who comes while a place is handed on waits its turn.
    const late = handovers.inTurn(() => Promise.resolve(void begun.push(9)))
    assert.deepEqual(begun, [0, 1, 2])
    for (const gate of gates) gate.resolve(undefined)
    await Promise.all([outcomes, late])
    assert.deepEqual(begun, [0, 1, 2, 3, 4, 9])
  })
})
