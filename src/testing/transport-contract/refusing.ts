/** Contract of the transport port: how dials fail. */
import assert from 'node:assert/strict'
import type { Admission } from '../../transport/index.ts'
import type { Cast, Stories } from './witness.ts'

const words = ['rejected', 'name_in_use', 'leaving'] as const

/** How dials fail. */
export const refusing: Stories = {
  'a dial': {
    'of an address where nobody listens any more is refused': async (cast) => {
      const ann = await cast.add('ann')
      const bob = await cast.add('bob')
      await bob.transport.stop()
      assert.equal(await ann.dialFailure(bob.address), 'refused')
    },

    'of the node itself says so': async (cast) => {
      const ann = await cast.add('ann')
      assert.equal(await ann.dialFailure(ann.address), 'self')
      assert.deepEqual(ann.ups, [])
    },

    'of another cluster says so': async (cast) => {
      const ann = await cast.add('ann')
      const bob = await cast.add('bob', { cluster: 'another' })
      assert.equal(await ann.dialFailure(bob.address), 'cluster_mismatch')
      assert.deepEqual([...ann.ups, ...bob.ups], [])
    },

    'that was aborted rejects with the reason of the signal': async (cast) => {
      const ann = await cast.add('ann')
      const bob = await cast.add('bob', { admit: () => new Promise(() => undefined) })
      const abort = new AbortController()
      const dial = ann.transport.dial(bob.address, abort.signal)
      abort.abort('enough')
      await assert.rejects(dial, (reason) => reason === 'enough')
    },
  },

  admission: {
    ...Object.fromEntries(
      words.map((word) => [
        `by the one who is dialled can say ${word}`,
        (cast: Cast) => isTurnedAway(cast, word),
      ]),
    ),

    'by the one who dials can say no': async (cast) => {
      const ann = await cast.add('ann', { admit: () => 'rejected' })
      const bob = await cast.add('bob')
      assert.equal(await ann.dialFailure(bob.address), 'rejected')
      assert.deepEqual([...ann.ups, ...bob.ups], [])
    },

    'does not let a second node of the same name disturb the first': async (cast) => {
      const ann = await cast.add('ann')
      const isBob = ({ name }: { name: string }): boolean => name === 'bob' && ann.ups.length > 0
      const guard = await cast.add('guard', {
        admit: (peer) => (isBob(peer) ? 'name_in_use' : 'admit'),
      })
      await cast.link(ann, guard)
      const second = await cast.add('bob', { incarnation: '2-bob' })
      assert.equal(await second.dialFailure(guard.address), 'name_in_use')
      assert.deepEqual(ann.downs, [])
      assert.equal(ann.transport.send('guard', 'control', Buffer.from('x')), 'accepted')
    },
  },
}

async function isTurnedAway(cast: Cast, word: Exclude<Admission, 'admit'>): Promise<void> {
  const ann = await cast.add('ann')
  const bob = await cast.add('bob', { admit: () => Promise.resolve(word) })
  assert.equal(await ann.dialFailure(bob.address), word)
  assert.deepEqual([...ann.ups, ...bob.ups], [])
}
