import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentTelemetry, isFoundationError, silentLog } from '../../kernel/index.ts'
import { VirtualClock } from '../../testing/virtual-host.ts'
import type { ChannelClass, NodeIdentity, Transport } from '../port/port.ts'
import { MemoryHub } from './hub.ts'
import { memoryDefaults, type MemoryOptions } from './options.ts'

/** One started node; `news` is what its handlers were told, in order. */
interface Node {
  readonly name: string
  readonly transport: Transport
  readonly news: string[]
  say(to: string, text: string, channelClass?: ChannelClass): string
}

class Rig {
  readonly clock = new VirtualClock({ seed: 7 })
  readonly hub: MemoryHub

  constructor(options: Partial<MemoryOptions> = {}) {
    const random = this.clock.chance('network')
    const usual = { ...memoryDefaults, delayMs: 10, ...options }
    this.hub = new MemoryHub({ host: this.clock.host('network'), random }, usual)
  }

  async node(name: string, incarnation = `1-${name}`): Promise<Node> {
    const host = this.clock.host(name)
    const deps = { host, log: silentLog, telemetry: silentTelemetry }
    const transport = this.hub.engine(name).create(deps)
    const news: string[] = []
    const self: NodeIdentity = {
      ...{ name, incarnation, cluster: 'test', addresses: [], roles: [], meta: {} },
    }
    await transport.start(self, {
      admit: () => 'admit',
      linkUp: ({ peer, epoch }) => news.push(`up ${peer.name} ${String(epoch)}`),
      linkDown: ({ peer }, reason) => news.push(`down ${peer.name} ${reason}`),
      frame: ({ payload }) => news.push(Buffer.from(payload).toString()),
      classDegraded: (peer, channelClass) => news.push(`degraded ${peer} ${channelClass}`),
      classRestored: (peer, channelClass) => news.push(`restored ${peer} ${channelClass}`),
      gap: (peer, channelClass, count) => news.push(`gap ${peer} ${channelClass} ${String(count)}`),
      refused: ({ reason }) => news.push(`refused ${reason}`),
    })
    const say: Node['say'] = (to, text, channelClass = 'events') =>
      transport.send(to, channelClass, Buffer.from(text))
    return { name, transport, news, say }
  }

  /** Two linked nodes; their news are forgotten. */
  async pair(): Promise<{ ann: Node; bob: Node }> {
    const ann = await this.node('ann')
    const bob = await this.node('bob')
    assert.equal(await this.dial(ann, 'bob:1'), 'linked')
    await this.clock.advance(100)
    for (const { news } of [ann, bob]) news.length = 0
    return { ann, bob }
  }

  /** Dials while time passes; the reason when it fails. */
  async dial(from: Node, address: string, ms = 10_000): Promise<unknown> {
    let outcome: unknown = 'under way'
    from.transport.dial(address).then(
      () => (outcome = 'linked'),
      (error: unknown) => (outcome = isFoundationError(error) && error.details?.['reason']),
    )
    for (let spentMs = 0; spentMs < ms && outcome === 'under way'; spentMs += 10) {
      await this.clock.advance(10)
    }
    return outcome
  }
}

describe('MemoryHub', () => {
  it('carries bytes with the delay of their direction, in order', async () => {
    const rig = new Rig()
    const { ann, bob } = await rig.pair()
    rig.hub.delay('ann', 'bob', { baseMs: 200, jitterMs: 0 })
    ann.say('bob', 'slow')
    rig.hub.delay('ann', 'bob', { baseMs: 1, jitterMs: 0 })
    ann.say('bob', 'fast')
    bob.say('ann', 'other way')
    await rig.clock.advance(50)
    assert.deepEqual(bob.news, [])
    assert.deepEqual(ann.news, ['other way'])
    await rig.clock.advance(160)
    assert.deepEqual(bob.news, ['slow', 'fast'])
  })

  it('holds what meets a cut and delivers it in order after the heal', async () => {
    const rig = new Rig()
    const { ann, bob } = await rig.pair()
    rig.hub.cut('ann', 'bob', { oneWay: true })
    ann.say('bob', 'one')
    ann.say('bob', 'two')
    bob.say('ann', 'still heard')
    await rig.clock.advance(3_000)
    assert.deepEqual(bob.news, [])
    assert.deepEqual(ann.news, ['still heard'])
    assert.ok((bob.transport.silentMs('ann') ?? 0) > 2_000)
    rig.hub.mend('ann', 'bob', { oneWay: true })
    await rig.clock.advance(20)
    assert.deepEqual(bob.news, ['one', 'two'])
  })

  it('lets dials into a cut time out, and refuses those of a dead node', async () => {
    const rig = new Rig()
    const ann = await rig.node('ann')
    await rig.node('bob')
    rig.hub.cut('ann', 'bob')
    assert.equal(await rig.dial(ann, 'bob:1'), 'timeout')
    rig.hub.heal()
    rig.hub.kill('bob')
    assert.equal(await rig.dial(ann, 'bob:1'), 'refused')
    assert.equal(await rig.dial(ann, 'nobody'), 'unreachable')
  })

  it('resets a dial whose answerer is killed before it came', async () => {
    const rig = new Rig()
    const ann = await rig.node('ann')
    await rig.node('bob')
    const dialed = rig.dial(ann, 'bob:1', 100)
    rig.hub.kill('bob')
    rig.clock.killed('bob')
    assert.equal(await dialed, 'broken')
    await rig.node('bob', '2-bob')
    assert.equal(await rig.dial(ann, 'bob:1', 100), 'linked')
  })

  it('ends links of a killed node as lost, behind what it had sent', async () => {
    const rig = new Rig()
    const { ann, bob } = await rig.pair()
    ann.say('bob', 'last words')
    rig.hub.kill('ann')
    rig.clock.killed('ann')
    assert.equal(ann.say('bob', 'ghost'), 'disconnected')
    await rig.clock.advance(50)
    assert.deepEqual(bob.news, ['last words', 'down ann lost'])
    assert.deepEqual(ann.news, [])
  })

  it('reports a tail that was lost with a link on the next one', async () => {
    const rig = new Rig()
    const { ann, bob } = await rig.pair()
    ann.say('bob', 'arrives')
    await rig.clock.advance(20)
    for (const text of ['lost 1', 'lost 2', 'lost 3']) ann.say('bob', text)
    rig.hub.reset('ann', 'bob')
    await rig.clock.advance(50)
    assert.equal(await rig.dial(bob, 'ann:1'), 'linked')
    await rig.clock.advance(100)
    assert.deepEqual(bob.news, ['arrives', 'down ann lost', 'up ann 2', 'gap ann events 3'])
  })

  it('resets one class alone, and tells what was lost of it', async () => {
    const rig = new Rig()
    const { ann, bob } = await rig.pair()
    ann.say('bob', 'lost')
    rig.hub.resetClass('ann', 'bob', 'events')
    await rig.clock.advance(1)
    ann.say('bob', 'waits')
    ann.say('bob', 'unharmed', 'control')
    await rig.clock.advance(100)
    assert.deepEqual(bob.news, [
      'degraded ann events',
      'unharmed',
      'restored ann events',
      'gap ann events 1',
      'waits',
    ])
  })

  it('separates groups, with a bridge where a node is in both', async () => {
    const rig = new Rig({ dialTimeoutMs: 500 })
    const ann = await rig.node('ann')
    await rig.node('bob')
    await rig.node('eve')
    rig.hub.partition(['ann', 'eve'], ['bob', 'eve'])
    assert.equal(await rig.dial(ann, 'bob:1'), 'timeout')
    assert.equal(await rig.dial(ann, 'eve:1'), 'linked')
    rig.hub.heal()
    assert.equal(await rig.dial(ann, 'bob:1'), 'linked')
  })

  it('ends a link as slow-peer when its control queue is full', async () => {
    const rig = new Rig()
    const { ann } = await rig.pair()
    rig.hub.cut('ann', 'bob')
    const payload = 'x'.repeat(200_000)
    while (ann.say('bob', payload, 'control') === 'accepted');
    await rig.clock.advance(1)
    assert.deepEqual(ann.news, ['down bob slow-peer'])
  })

  it('ends a link as silent on both sides when nothing is heard for too long', async () => {
    const rig = new Rig({ silentMaxMs: 5_000 })
    const { ann, bob } = await rig.pair()
    rig.hub.cut('ann', 'bob')
    await rig.clock.advance(8_000)
    assert.deepEqual(ann.news, ['down bob silent'])
    assert.deepEqual(bob.news, ['down ann silent'])
  })

  it('does not take its own sleep for silence of the peer', async () => {
    const rig = new Rig({ silentMaxMs: 5_000 })
    const { ann, bob } = await rig.pair()
    for (const { name } of [ann, bob]) rig.clock.pause(name, 8_000)
    await rig.clock.advance(9_000)
    assert.deepEqual([...ann.news, ...bob.news], [])
  })

  it('lets a crossing pair of dials become one link, whatever the delays', async () => {
    for (let annMs = 1; annMs < 60; annMs += 7) {
      const rig = new Rig()
      const ann = await rig.node('ann')
      const bob = await rig.node('bob')
      rig.hub.delay('ann', 'bob', { baseMs: annMs, jitterMs: 0 })
      const dials = Promise.all([ann.transport.dial('bob:1'), bob.transport.dial('ann:1')])
      await rig.clock.advance(1_000)
      await dials
      assert.deepEqual(ann.news, ['up bob 1'])
      assert.deepEqual(bob.news, ['up ann 1'])
    }
  })

  it('replaces the link of a former incarnation', async () => {
    const rig = new Rig()
    const { bob } = await rig.pair()
    rig.hub.cut('ann', 'bob')
    rig.hub.kill('ann')
    rig.clock.killed('ann')
    const reborn = await rig.node('ann', '2-ann')
    rig.hub.mend('ann', 'bob')
    assert.equal(await rig.dial(reborn, 'bob:1'), 'linked')
    await rig.clock.advance(100)
    assert.deepEqual(bob.news, ['down ann lost', 'up ann 1'])
    assert.deepEqual(reborn.news, ['up bob 1'])
  })
})
