/** Contract of the transport port: how links come to be. */
import assert from 'node:assert/strict'
import { until } from '../waiting/until.ts'
import type { Stories } from './witness.ts'

/** How links come to be. */
export const linking: Stories = {
  'a link': {
    'is up on both sides with the identity of the other': async (cast) => {
      const { ann, bob } = await cast.pair()
      const [up] = bob.ups
      assert.deepEqual(
        { ...up?.peer, addresses: [] },
        { ...ann.identity, addresses: [] },
        'the acceptor has the identity of the dialler',
      )
      assert.equal(up?.peer.addresses[0], ann.address)
      assert.equal(up.dialedBy, 'peer')
      assert.equal(ann.ups[0]?.peer.incarnation, bob.identity.incarnation)
      assert.equal(ann.ups[0].dialedBy, 'self')
      assert.equal(ann.ups[0].epoch, up.epoch)
      assert.ok(up.epoch >= 1)
    },

    'is admitted by both sides first': async (cast) => {
      const { ann, bob } = await cast.pair()
      assert.deepEqual(
        ann.admitted.map(({ name }) => name),
        ['bob'],
      )
      assert.deepEqual(
        bob.admitted.map(({ name }) => name),
        ['ann'],
      )
    },

    'is the same when it is dialled again': async (cast) => {
      const { ann, bob } = await cast.pair()
      const again = await ann.transport.dial(bob.address)
      assert.equal(again.name, 'bob')
      assert.equal(ann.ups.length, 1)
      assert.equal(bob.ups.length, 1)
    },

    'is up when its dial resolves': async (cast) => {
      const ann = await cast.add('ann')
      const bob = await cast.add('bob')
      const peer = await ann.transport.dial(bob.address)
      assert.equal(ann.ups.length, 1)
      assert.equal(peer.incarnation, bob.identity.incarnation)
      assert.equal(ann.transport.send('bob', 'control', Buffer.from('x')), 'accepted')
    },
  },

  'two dials': {
    'that cross become exactly one link and lose nothing': async (cast) => {
      const ann = await cast.add('ann')
      const bob = await cast.add('bob')
      await Promise.all([
        ann.transport.dial(bob.address).then(() => ann.say(bob, 'control', 'from ann')),
        bob.transport.dial(ann.address).then(() => bob.say(ann, 'control', 'from bob')),
      ])
      await until('both heard', () => ann.frames.length + bob.frames.length === 2)
      for (const witness of [ann, bob]) {
        assert.equal(witness.ups.length, 1)
        assert.deepEqual(witness.downs, [])
        assert.deepEqual(witness.gaps, [])
        assert.equal(witness.transport.stats().length, 1)
      }
      assert.equal(ann.ups[0]?.epoch, bob.ups[0]?.epoch)
    },

    'of which one comes while the link of the other is on its way become one link': async (
      cast,
    ) => {
      const ann = await cast.add('ann')
      const bob = await cast.add('bob')
      await ann.transport.dial(bob.address)
      const peer = await bob.transport.dial(ann.address)
      assert.equal(peer.incarnation, ann.identity.incarnation)
      await ann.say(bob, 'events', 'from ann')
      await bob.say(ann, 'events', 'from bob')
      await until('both heard', () => ann.frames.length + bob.frames.length === 2)
      for (const witness of [ann, bob]) {
        assert.equal(witness.ups.length, 1)
        assert.deepEqual([witness.downs, witness.gaps], [[], []])
      }
    },

    'of one address at once share one link': async (cast) => {
      const ann = await cast.add('ann')
      const bob = await cast.add('bob')
      const peers = await Promise.all([
        ann.transport.dial(bob.address),
        ann.transport.dial(bob.address),
      ])
      await until('bob has the link', () => bob.ups.length > 0)
      assert.deepEqual(
        peers.map(({ name }) => name),
        ['bob', 'bob'],
      )
      assert.equal(ann.ups.length, 1)
      assert.equal(bob.ups.length, 1)
    },
  },
}
