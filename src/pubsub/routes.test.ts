import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { channelTable } from './options.ts'
import { Routes, type Route } from './routes.ts'
import { TopicTable } from './topic-table.ts'
import type { TopicSubscription } from './subscription.ts'

function routes(routesMax = 16): Routes {
  const interest = { version: 1, peersFor: () => [] }
  const subscriptions = new TopicTable<TopicSubscription>()
  return new Routes({ channels: channelTable(), interest, subscriptions }, routesMax)
}

/** Looks the topic up as it stands in a received body: amid other bytes. */
function received(all: Routes, topic: Uint8Array): Route {
  const body = Buffer.concat([Buffer.from('xy'), topic, Buffer.from('z')])
  return all.ofBytes(body, 2, body.length - 1)
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
    assert.equal(received(all, Buffer.from('größe.x')), all.of('größe.x'))
    assert.equal(received(all, Buffer.from('größe.x')), all.of('größe.x'))
  })

  it('tell topics apart whose hashes are equal', () => {
    const all = routes()
    // A known collision of 32-bit FNV-1a.
    const topics = ['costarring', 'liquid', 'costarring', 'liquid']
    assert.deepEqual(
      topics.map((topic) => received(all, Buffer.from(topic)).topic),
      topics,
    )
  })

  it('are forgotten when there are too many', () => {
    const all = routes(16)
    const first = received(all, Buffer.from('topic'))
    for (let at = 0; at < 16; at++) received(all, Buffer.from(`topic-${String(at)}`))
    assert.notEqual(all.of('topic'), first)
    assert.notEqual(received(all, Buffer.from('topic')), first)
  })

  it('refuse bytes that are no topic', () => {
    for (const bytes of ['a..b', 'a b', 'a.*', '\0'.repeat(0), '\ufffe\u0020']) {
      assert.throws(() => received(routes(), Buffer.from(bytes)), { code: 'FND_TOPIC_INVALID' })
    }
  })
})
