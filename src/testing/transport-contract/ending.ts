/** Contract of the transport port: how links end, and what the next one knows of the last. */
import assert from 'node:assert/strict'
import { until } from '../waiting/until.ts'
import type { LinkStats } from '../../transport/index.ts'
import type { TestContext } from 'node:test'
import type { Cast, Stories } from './witness.ts'

/** How links end. */
export const ending: Stories = {
  'the end of a link': {
    'is closed here and goodbye there after close': async (cast) => {
      const { ann, bob } = await cast.pair()
      ann.transport.close('bob')
      await until('both saw it', () => ann.downs.length + bob.downs.length === 2)
      assert.deepEqual(ann.downs, [{ peer: 'bob', reason: 'closed' }])
      assert.deepEqual(bob.downs, [{ peer: 'ann', reason: 'goodbye' }])
      assert.deepEqual([...ann.transport.stats(), ...bob.transport.stats()], [])
      assert.equal(bob.transport.send('ann', 'control', Buffer.from('x')), 'disconnected')
    },

    'comes with stop, after what was sent has arrived': async (cast) => {
      const { ann, bob } = await cast.pair()
      for (let index = 0; index < 500; index++) await ann.say(bob, 'events', String(index))
      await ann.transport.stop()
      await until('bob saw it', () => bob.downs.length === 1)
      assert.equal(bob.heard(ann, 'events').length, 500)
      assert.deepEqual(bob.downs, [{ peer: 'ann', reason: 'goodbye' }])
      assert.deepEqual(ann.downs, [{ peer: 'bob', reason: 'closed' }])
    },

    'leaves the way free for the next link, with the next epoch': async (cast) => {
      const { ann, bob } = await cast.pair()
      ann.transport.close('bob')
      await until('both saw it', () => ann.downs.length + bob.downs.length === 2)
      await cast.link(bob, ann)
      await until('ann has it', () => ann.ups.length === 2)
      assert.equal(ann.ups[1]?.epoch, (ann.ups[0]?.epoch ?? 0) + 1)
      assert.equal(bob.ups[1]?.epoch, ann.ups[1].epoch)
    },
  },

  stop: {
    'may be called twice, and before start, and then dials and sends fail': async (cast) => {
      const { ann, bob } = await cast.pair()
      await Promise.all([ann.transport.stop(), ann.transport.stop()])
      await ann.transport.stop()
      assert.equal(ann.transport.send('bob', 'control', Buffer.from('x')), 'disconnected')
      await assert.rejects(ann.transport.dial(bob.address), { code: 'FND_NOT_RUNNING' })
      assert.deepEqual(ann.transport.stats(), [])
    },

    'lets another incarnation of the name come, which is counted from the start': async (cast) => {
      const { ann, bob } = await cast.pair()
      await ann.say(bob, 'events', 'first life')
      await ann.transport.stop()
      await until('bob saw it', () => bob.downs.length === 1)
      const reborn = await cast.add('ann', { incarnation: '2-ann' })
      await cast.link(reborn, bob)
      await reborn.say(bob, 'events', 'second life')
      await until('bob heard both', () => bob.frames.length === 2)
      assert.deepEqual(
        bob.frames.map(({ sequence }) => sequence),
        [1, 1],
      )
      assert.equal(bob.ups[1]?.epoch, 1)
      assert.equal(bob.ups[1].peer.incarnation, '2-ann')
      assert.deepEqual(bob.gaps, [])
    },
  },
  stats: {
    'are plain JSON and count what went through': async (cast) => {
      const { ann, bob } = await cast.pair()
      await ann.say(bob, 'events', 'hello')
      await until('it arrived', () => bob.frames.length === 1)
      const [link] = ann.transport.stats()
      const carried = JSON.parse(JSON.stringify(link)) as LinkStats
      assert.deepEqual({ ...carried, rttMs: 0 }, { ...link, rttMs: 0 })
      assert.equal(link?.peer, 'bob')
      assert.equal(link.classes.events?.sentFrames, 1)
      assert.equal(bob.transport.stats()[0]?.classes.events?.receivedFrames, 1)
      assert.ok((ann.transport.silentMs('bob') ?? -1) >= 0)
    },
  },

  'a link that was reset': {
    'is followed by one that reports exactly what was lost, also of the tail': losesTail,
  },
}

async function losesTail(cast: Cast, context: TestContext): Promise<void> {
  const { ann, bob } = await cast.pair()
  await ann.say(bob, 'events', 'arrives')
  await until('it arrived', () => bob.frames.length === 1)
  const lost = 50
  for (let index = 0; index < lost; index++) await ann.say(bob, 'events', 'may be lost')
  if (!(await cast.reset(ann, bob))) {
    context.skip('this arena cannot reset a link')
    return
  }
  await cast.link(ann, bob)
  await until('all is accounted for', () => {
    return bob.frames.length + bob.missing(ann, 'events') === 1 + lost
  })
  assert.ok(bob.downs.every(({ reason }) => reason === 'lost'))
  await ann.say(bob, 'events', 'after')
  await until('the next arrived', () => bob.heard(ann, 'events').at(-1) === 'after')
  assert.equal(bob.frames.at(-1)?.sequence, 2 + lost)
  assert.equal(bob.frames.length + bob.missing(ann, 'events'), 2 + lost)
}
