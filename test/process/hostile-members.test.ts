/** A peer that has the secret and breaks every rule: it loses its link, and nobody else anything. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { after, afterEach, before, describe, it } from 'node:test'
import { sleep, systemHost } from '../../src/kernel/index.ts'
import { PublishHead } from '../../src/pubsub/publish-frame.ts'
import { encodeValue, frameKinds, frameOf, messageCodes } from '../../src/wire/index.ts'
import { eventually, openCrew, type Crew, type Worker } from './crew.ts'
import { EvilPeer, firstFragment } from './evil-peer.ts'

const secret = 'a secret that the evil one knows'
const growthMaxBytes = 150 * 1024 * 1024

/** A published message with these bytes for its value. */
function published(topic: string, value: Uint8Array): Buffer {
  const head = PublishHead.of(topic)
  const payload = Buffer.concat([Buffer.alloc(head.length), value])
  head.writeTo(payload, 1)
  return payload
}

function lengthOnly(length: number): Buffer {
  const bytes = Buffer.alloc(64)
  bytes.writeUInt32BE(length, 0)
  return bytes
}

/** Bytes that end the link. */
const brokenFrames: Record<string, Buffer> = {
  'a frame of length 0': lengthOnly(0),
  'a frame of length 2^32 - 1': lengthOnly(2 ** 32 - 1),
  'a frame of 1 GiB': lengthOnly(2 ** 30),
  'random bytes': Buffer.concat([Buffer.from([255]), randomBytes(10_000)]),
  'a frame of kind 0': frameOf(0, Buffer.alloc(8)),
  'a frame of kind 200': frameOf(200, Buffer.alloc(8)),
  'a second HELLO': frameOf(frameKinds.hello, Buffer.alloc(100)),
  'a sequence that goes back': Buffer.concat([
    frameOf(frameKinds.data, Buffer.alloc(4, 255), 5),
    frameOf(frameKinds.data, Buffer.alloc(4, 255), 4),
  ]),
  'a fragment that claims 4 GiB': firstFragment(2 ** 32 - 1, Buffer.alloc(1_000)),
  'fragments that never end': Buffer.concat([
    firstFragment(100_000, Buffer.alloc(1_000)),
    ...Array.from({ length: 200 }, () => frameOf(frameKinds.fragment, Buffer.alloc(1_000), 1)),
  ]),
  'credit for what was never sent': frameOf(frameKinds.credit, Buffer.alloc(11, 255)),
}

/** Bodies no decoder may trust; msgpack unless it says otherwise. */
const bodies: Record<string, Buffer> = {
  nothing: Buffer.alloc(0),
  'random bytes': randomBytes(2_000),
  'nested arrays that claim 65 535 items each': repeat([0xdc, 0xff, 0xff], 20_000),
  'arrays nested 50 000 deep': repeat([0x91], 50_000),
  'maps nested 20 000 deep': repeat([0x81, 0xa1, 0x61], 20_000),
  'a text that claims 4 GiB': Buffer.from([0xdb, 0xff, 0xff, 0xff, 0xff, 0x61]),
  'an array that claims 4 G items': Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]),
  'a map with __proto__': Buffer.from('\x81\xa9__proto__\x81\xa8polluted\xc3', 'latin1'),
  'a map with constructor': Buffer.from('\x81\xabconstructor\x81\xa9prototype\xc0', 'latin1'),
  'an unknown extension': Buffer.from([0xc9, 0x00, 0xff, 0xff, 0xff, 0x62]),
}

function repeat(bytes: number[], count: number): Buffer {
  return Buffer.alloc(bytes.length * count, Buffer.from(bytes))
}

const codes = [0, ...Object.values(messageCodes), 99, 255]

describe('a node with a good peer, against a peer with the secret that sends', () => {
  let crew: Crew
  let victim: Worker
  let friend: Worker
  let address = ''
  let rssBefore = 0
  let peer: EvilPeer | undefined

  /** A fresh evil peer with a control connection. */
  async function evil(): Promise<EvilPeer> {
    peer = new EvilPeer({ address, cluster: crew.app, secret })
    await peer.open('control')
    return peer
  }

  before(async () => {
    crew = await openCrew()
    const [ada, bell] = await crew.form(['ada', 'bell'], { secret })
    assert.ok(ada && bell)
    victim = ada
    friend = bell
    address = await ada.address()
    await ada.ask('subscribe', { topic: '>' })
    rssBefore = (await ada.ask('memory', {})).rssBytes
  })
  afterEach(async () => {
    peer?.close()
    const { failed } = await friend.ask('ping', { target: 'ada', count: 20, intervalMs: 5 })
    assert.equal(failed, 0, 'the good peer is undisturbed')
    assert.deepEqual(friend.storyOf('ada'), ['member-up'])
    assert.deepEqual(victim.storyOf('bell'), ['member-up'])
  })
  after(() => crew.close())

  it('a good frame: its link stays, so what ends it below is what was sent', async () => {
    const intruder = await evil()
    const control = intruder.socket('control')
    control.write(frameOf(frameKinds.ping, Buffer.alloc(8)))
    const [answer] = (await once(control, 'data')) as [Buffer]
    assert.ok(answer.length > 0)
    await sleep(systemHost, 1_000)
    assert.equal(control.destroyed, false)
  })

  for (const [what, bytes] of Object.entries(brokenFrames)) {
    it(`${what}: its link is closed`, async () => {
      const intruder = new EvilPeer({ address, cluster: crew.app, secret })
      peer = intruder
      const control = await intruder.open('control')
      control.write(bytes)
      await eventually('the connection is closed', 2_000, () => control.destroyed)
    })
  }

  it('broken frames on the bulk connection: the whole link is closed', async () => {
    const intruder = new EvilPeer({ address, cluster: crew.app, secret })
    peer = intruder
    const control = await intruder.open('control')
    const bulk = await intruder.open('bulk')
    bulk.write(lengthOnly(2 ** 32 - 1))
    await eventually('both are closed', 5_000, () => bulk.destroyed && control.destroyed)
  })

  for (const [what, body] of Object.entries(bodies)) {
    it(`${what}, as a message of every code: each is dropped`, async () => {
      const before = (await victim.ask('status', {})).rejectedMessages
      const intruder = await evil()
      for (const code of codes) intruder.send('control', Buffer.concat([Buffer.of(code), body]))
      // Of some codes a few of these bodies mean something harmless; of most they mean nothing.
      await eventually('they were rejected', 5_000, async () => {
        const { rejectedMessages } = await victim.ask('status', {})
        return rejectedMessages - before >= codes.length / 2
      })
    })
  }

  it('8 MiB of nested arrays on bulk, to everybody who subscribes: dropped', async () => {
    const intruder = await evil()
    await intruder.open('bulk')
    const before = (await victim.ask('status', {})).rejectedMessages
    const value = repeat([0xdc, 0xff, 0xff], (8 * 1024 * 1024) / 3)
    intruder.send('bulk', published('bulk.x', value))
    await eventually('rejected', 10_000, async () => {
      return (await victim.ask('status', {})).rejectedMessages > before
    })
  })

  it('100 000 good messages as fast as it can: the calls of others come through', async (t) => {
    const intruder = await evil()
    await intruder.open('telemetry')
    const payload = published('telemetry.x', encodeValue({ index: 1 }))
    const pinging = friend.ask('ping', { target: 'ada', count: 200, intervalMs: 5 })
    for (let index = 0; index < 100_000; index += 1) intruder.send('telemetry', payload)
    const { p50Ms, p99Ms, failed } = await pinging
    t.diagnostic(`calls meanwhile: p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`)
    assert.equal(failed, 0)
    assert.ok(p99Ms < 3_000, `p99 ${p99Ms.toFixed(0)} ms`)
  })

  it('everything above: memory is bounded, and nobody believed a word', async (t) => {
    const { rssBytes } = await victim.ask('memory', {})
    t.diagnostic(`resident memory grew ${((rssBytes - rssBefore) / 1024 / 1024).toFixed(1)} MiB`)
    assert.ok(rssBytes - rssBefore < growthMaxBytes)
    const own = Object.keys(await victim.view()).filter((name) => !name.startsWith('evil'))
    assert.deepEqual(own, ['bell'])
    assert.deepEqual(
      Object.keys(await friend.view()).filter((name) => !name.startsWith('evil')),
      ['ada'],
    )
  })
})
