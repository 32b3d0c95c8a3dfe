import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemHost } from '../kernel/index.ts'
import type { Fanout, SendOutcome } from '../transport/index.ts'
import { BrokerSender } from './broker-sender.ts'
import { channelTable, pubsubDefaults, type Channel } from './options.ts'
import type { Outgoing } from './sender.ts'

/** An engine whose queue has room for so many messages. */
class FakeFanout implements Fanout {
  room = Infinity
  readonly published: string[] = []
  readonly listened: string[] = []
  #writable: (() => void)[] = []

  publish(channelClass: string, topic: string, payload: Uint8Array): SendOutcome {
    if (this.published.length >= this.room) return 'full'
    this.published.push(`${channelClass} ${topic} ${Buffer.from(payload).toString()}`)
    return 'accepted'
  }

  whenWritable(): Promise<void> {
    return new Promise((resolve) => this.#writable.push(resolve))
  }

  makeRoom(room: number): void {
    this.room = room
    for (const resolve of this.#writable.splice(0)) resolve()
  }

  listen(channelClass: string, pattern: string): Promise<void> {
    this.listened.push(`${channelClass} ${pattern}`)
    return Promise.resolve()
  }

  unlisten(channelClass: string, pattern: string): void {
    this.listened.splice(this.listened.indexOf(`${channelClass} ${pattern}`), 1)
  }
}

function setUp(): { fanout: FakeFanout; sender: BrokerSender; dropped: string[] } {
  const fanout = new FakeFanout()
  const dropped: string[] = []
  const channels = channelTable({})
  const payloadMaxBytes = { control: 1e6, events: 1e6, telemetry: 1e6, bulk: 1e6 }
  const sender = new BrokerSender(
    {
      fanout,
      host: systemHost,
      payloadMaxBytes,
      channelOf: (topic) => channels.get(topic.split('.')[0] ?? '') ?? channelNamed('events'),
      dropped: (_peer, channel) => dropped.push(channel.name),
    },
    pubsubDefaults,
  )
  return { fanout, sender, dropped }
}

function channelNamed(name: string): Channel {
  const channel = channelTable({}).get(name)
  assert.ok(channel)
  return channel
}

function message(topic: string, text: string, peers = ['b', 'c', 'd']): Outgoing {
  const channel = channelNamed(topic.split('.')[0] ?? '')
  return { topic, channel, payload: Buffer.from(text), peers, options: {} }
}

describe('BrokerSender', () => {
  it('publishes once for all who listen, and not at all when nobody does', () => {
    const { fanout, sender } = setUp()
    const result = sender.send(message('events.x', '1'))
    assert.deepEqual(result, { peers: 3, queued: 3, dropped: 0 })
    assert.deepEqual(sender.send(message('events.x', '2', [])), { peers: 0, queued: 0, dropped: 0 })
    assert.deepEqual(fanout.published, ['events events.x 1'])
  })

  it('keeps the order of topics of one channel while messages wait for room', async () => {
    const { fanout, sender } = setUp()
    fanout.room = 1
    const topics = ['events.x', 'events.y', 'events.x', 'events.z']
    const results = topics.map(async (topic, at) => sender.send(message(topic, String(at))))
    assert.equal(sender.waiting, 3)
    fanout.makeRoom(Infinity)
    await Promise.all(results)
    assert.deepEqual(fanout.published, [
      'events events.x 0',
      'events events.y 1',
      'events events.x 2',
      'events events.z 3',
    ])
  })

  it('tells what became of a message that found no room, by the policy of its channel', async () => {
    const { fanout, sender, dropped } = setUp()
    fanout.room = 0
    const lost = await sender.send(message('telemetry.x', '1'))
    assert.deepEqual(lost, { peers: 3, queued: 0, dropped: 3 })
    assert.deepEqual(dropped, ['telemetry'])
    await assert.rejects(async () => sender.send(message('control.x', '1')), {
      code: 'FND_LIMIT_REACHED',
    })
  })

  it('listens on the class of a pattern, on all classes when it may match any channel', async () => {
    const { fanout, sender } = setUp()
    await sender.listen('bulk.*')
    await sender.listen('>')
    assert.deepEqual(fanout.listened, [
      'bulk bulk.*',
      'control >',
      'events >',
      'telemetry >',
      'bulk >',
    ])
    sender.unlisten('>')
    assert.deepEqual(fanout.listened, ['bulk bulk.*'])
  })
})
