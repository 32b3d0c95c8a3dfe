import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { channelClasses } from '../port.ts'
import { TestNode, areLinked, until, withNodes } from './mesh-fixture.test.ts'

describe('MeshTransport', () => {
  it('links two nodes and carries payloads on every class, both ways', async () => {
    await withNodes([new TestNode('a'), new TestNode('b')], async (a, b) => {
      assert.ok(a && b)
      const peer = await a.mesh.dial(b.address)
      assert.equal(peer.name, 'b')
      await until('both sides are up', () => areLinked(a, b))
      for (const channelClass of channelClasses) {
        assert.equal(
          a.mesh.send('b', channelClass, Buffer.from(`to b ${channelClass}`)),
          'accepted',
        )
        assert.equal(
          b.mesh.send('a', channelClass, Buffer.from(`to a ${channelClass}`)),
          'accepted',
        )
      }
      await until('all arrived', () => a.frames.length === 4 && b.frames.length === 4)
      assert.deepEqual(
        b.frames.map(({ payload }) => Buffer.from(payload).toString()).toSorted(),
        channelClasses.map((each) => `to b ${each}`).toSorted(),
      )
      assert.ok(
        b.frames.every(
          ({ from, sequence, epoch }) => from === 'a' && sequence === 1 && epoch === 1,
        ),
      )
      assert.deepEqual([...a.gaps, ...b.gaps], [])
    })
  })
})
