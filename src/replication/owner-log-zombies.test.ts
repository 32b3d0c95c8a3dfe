import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { messageCodes } from '../wire/index.ts'
import { assertAgree, space } from './log-fixtures.ts'
import { logSnapshot } from './messages.ts'
import { TestNetwork } from './network-fixtures.ts'

const entries = 400
const value = 'x'.repeat(400)

/**
 * The zombie of syn: a removal overtaken by a snapshot that still has the entry. The snapshot here
 * takes many slices; one entry is deleted and one is changed after each slice.
 */
async function changeDuringSnapshot(afterSlice: number): Promise<TestNetwork> {
  const network = new TestNetwork()
  const bounds = { sliceMaxBytes: 8 * 1_024, windowMaxBytes: 64 * 1_024 }
  const { log } = network.add('a', bounds)
  network.add('b', bounds)
  for (let at = 0; at < entries; at++) log.put(space, `key-${String(at)}`, value)
  let slices = 0
  network.fate = ({ from, payload }) => {
    if (from !== 'a' || payload[0] !== messageCodes.logSnapshot) return 'accepted'
    slices = logSnapshot.decode(payload.subarray(1)).index + 1
    if (slices === afterSlice) network.host.after(0, change)
    return 'accepted'
  }
  const change = (): void => {
    // Near the end: in a slice that is still to come. At the beginning: in one that has gone.
    for (const at of [0, 1, entries - 1, entries - 2]) log.delete(space, `key-${String(at)}`)
    log.put(space, 'key-2', 'changed')
    log.put(space, `key-${String(entries - 3)}`, 'changed')
  }
  network.link('a', 'b')
  await network.host.advance(2_000)
  assert.ok(slices >= afterSlice, `only ${String(slices)} slices`)
  return network
}

describe('OwnerLog, changes while a snapshot is under way', () => {
  for (const afterSlice of [1, 2, 5, 10, 15, 20]) {
    it(`are not undone by the slices after number ${String(afterSlice)}`, async () => {
      const network = await changeDuringSnapshot(afterSlice)
      assertAgree(network, 'a', 'b')
      const held = network.entries('b', space)
      assert.equal(held.length, entries - 4)
      assert.ok(held.includes('a/key-2=changed'))
      assert.equal(network.node('b').log.stats().alarms, 0)
    })
  }
})
