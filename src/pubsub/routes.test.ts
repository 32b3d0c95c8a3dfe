import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { channelTable } from './options.ts'
import { Routes } from './routes.ts'
import { TopicTable } from './topic-table.ts'
import type { TopicSubscription } from './subscription.ts'

function routes(routesMax = 16): Routes {
  const interest = { version: 1, peersFor: () => [] }
  const subscriptions = new TopicTable<TopicSubscription>()
  return new Routes({ channels: channelTable(), interest, subscriptions }, routesMax)
}

describe('Routes', () => {
  it('belong to the channel of the first token, or to events', () => {
    const all = routes()
    const channels = ['bulk', 'bulk.x', 'control.a.b', 'orders.new', 'bulky'].map(
      (topic) => all.of(topic).channel.name,
    )
    assert.deepEqual(channels, ['bulk', 'bulk', 'control', 'events', 'events'])
  })

  it('are the same for a topic and for its bytes', () => {
    const all = routes()
    assert.equal(all.of('größe.x'), all.of('größe.x'))
    assert.equal(all.ofBytes(Buffer.from('größe.x')), all.of('größe.x'))
    assert.equal(all.ofBytes(Buffer.from('größe.x')), all.of('größe.x'))
  })

  it('tell topics apart whose hashes are equal', () => {
    const all = routes()
    // A known collision of 32-bit FNV-1a.
    const topics = ['costarring', 'liquid', 'costarring', 'liquid']
    assert.deepEqual(
      topics.map((topic) => all.ofBytes(Buffer.from(topic)).topic),
      topics,
    )
  })

  it('are forgotten when there are too many', () => {
    const all = routes(16)
    const first = all.ofBytes(Buffer.from('topic'))
    for (let at = 0; at < 16; at++) all.ofBytes(Buffer.from(`topic-${String(at)}`))
    assert.notEqual(all.of('topic'), first)
    assert.notEqual(all.ofBytes(Buffer.from('topic')), first)
  })

  it('refuse bytes that are no topic', () => {
    for (const bytes of ['a..b', 'a b', 'a.*', '\0'.repeat(0), '\ufffe\u0020']) {
      assert.throws(() => routes().ofBytes(Buffer.from(bytes)), { code: 'FND_TOPIC_INVALID' })
    }
  })
})
