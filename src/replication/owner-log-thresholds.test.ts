import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assertAgree, space } from './log-fixtures.ts'
import { TestNetwork } from './network-fixtures.ts'

const batch = 16
const history = 64

/** Two linked nodes that hold the same. */
async function linked(): Promise<TestNetwork> {
  const network = new TestNetwork()
  const bounds = { batchMaxOperations: batch, historyMaxOperations: history }
  for (const name of ['a', 'b']) network.add(name, bounds)
  network.link('a', 'b')
  await network.host.advance(50)
  return network
}

function write(network: TestNetwork, count: number): void {
  for (let at = 0; at < count; at++) network.node('a').log.put(space, `key-${String(at)}`, at)
}

describe('OwnerLog, one below, at and above a threshold', () => {
  for (const threshold of [batch, 2 * batch, history, history + batch]) {
    for (const count of [threshold - 1, threshold, threshold + 1]) {
      it(`brings ${String(count)} changes of one turn across`, async () => {
        const network = await linked()
        write(network, count)
        await network.host.advance(50)
        assertAgree(network, 'a', 'b')
        assert.equal(network.entries('b', space).length, count)
        assert.equal(network.node('a').log.stats().snapshotsSent, 1, 'the one of the new link')
      })
    }
  }

  for (const count of [history - 1, history, history + 1]) {
    it(`makes up for ${String(count)} changes that were lost`, async () => {
      const network = await linked()
      network.fate = ({ from }) => (from === 'a' ? 'lost' : 'accepted')
      write(network, count)
      await network.host.advance(50)
      network.fate = () => 'accepted'
      await network.host.advance(5_000)
      assertAgree(network, 'a', 'b')
      assert.equal(network.entries('b', space).length, count)
      const snapshots = network.node('a').log.stats().snapshotsSent - 1
      if (count <= history) assert.equal(snapshots, 0, 'what is kept is sent, not all there is')
    })
  }
})
