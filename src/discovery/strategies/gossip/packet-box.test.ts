import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { Keyring } from '../../../kernel/index.ts'
import { decodeAnnouncement, type Announcement } from '../announcement.ts'
import { encodeAnnouncement } from './announcement-bytes.ts'
import { PacketBox, type Opened } from './packet-box.ts'
import { headerBytes, packetMaxBytes } from './packet.ts'
import { ReplayWindow, windowSize } from './replay-window.ts'

const secret = 'a secret for tests, 0123456789'
const other = 'another secret, 9876543210 xyz'
const hello: Announcement = {
  kind: 'hello',
  name: 'b',
  incarnation: '17-b',
  addresses: ['10.0.0.7:7000', '[fe80::1]:7000'],
}

it('PacketBox: opens what another node with the same secret packed', () => {
  const opened = box('a').open(box('b').pack(hello))
  assert.deepEqual(opened.type === 'heard' && opened.announcement, hello)
})

it('PacketBox: knows its own packets', () => {
  const own = box('a')
  assert.deepEqual(own.open(own.pack(hello)), { type: 'own', counter: 1 })
})

it('PacketBox: refuses the same packet a second time', () => {
  const [a, b] = [box('a'), box('b')]
  const bytes = b.pack(hello)
  assert.equal(a.open(bytes).type, 'heard')
  assert.equal(reasonOf(a.open(bytes)), 'replayed')
  assert.equal(a.open(b.pack(hello)).type, 'heard')
})

it('PacketBox: takes packets that overtook each other', () => {
  const [a, b] = [box('a'), box('b')]
  const [first, second] = [b.pack(hello), b.pack(hello)]
  assert.equal(a.open(second).type, 'heard')
  assert.equal(a.open(first).type, 'heard')
})

it('PacketBox: tells another secret from a forged packet, and both from another cluster', () => {
  assert.equal(
    reasonOf(box('a').open(box('b', { secrets: [other] }).pack(hello))),
    'secret-differs',
  )
  const forged = box('b').pack(hello)
  forged[headerBytes] = (forged[headerBytes] ?? 0) ^ 1
  assert.equal(reasonOf(box('a').open(forged)), 'forged')
  assert.equal(reasonOf(box('a').open(box('b', { cluster: 'cart' }).pack(hello))), 'other-cluster')
})

it('PacketBox: seals the header: no bit of it can be changed', () => {
  const bytes = box('b').pack(hello)
  for (let at = 0; at < headerBytes; at++) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 1
    assert.notEqual(box('a').open(changed).type, 'heard', `byte ${String(at)}`)
  }
})

it('PacketBox: accepts every key of its keyring, so that secrets can be rotated', () => {
  const rotating = box('a', { secrets: [other, secret] })
  assert.equal(rotating.open(box('b', { secrets: [secret, other] }).pack(hello)).type, 'heard')
  assert.equal(rotating.open(box('c', { secrets: [other] }).pack(hello)).type, 'heard')
  assert.equal(box('c', { secrets: [other] }).open(rotating.pack(hello)).type, 'heard')
})

it('PacketBox: without a secret hears plain packets only, and with one sealed packets only', () => {
  const plain = box('a', { secrets: [] })
  assert.equal(plain.open(box('b', { secrets: [] }).pack(hello)).type, 'heard')
  assert.equal(reasonOf(plain.open(box('b').pack(hello))), 'sealed')
  assert.equal(reasonOf(box('b').open(plain.pack(hello))), 'not-sealed')
})

it('PacketBox: never shows name, cluster or addresses', () => {
  const bytes = box('b')
    .pack({ ...hello, name: 'orders-node-7' })
    .toString('latin1')
  for (const text of ['orders-node-7', '10.0.0.7', 'shop']) assert.ok(!bytes.includes(text))
})

it('PacketBox: refuses truncated and oversized packets of its own kind', () => {
  const bytes = box('b').pack({ ...hello, kind: 'here' })
  for (let length = 0; length < bytes.length; length++) {
    const opened = box('a').open(bytes.subarray(0, length))
    assert.equal(opened.type, 'rejected', `length ${String(length)}`)
  }
  const oversized = Buffer.concat([bytes, Buffer.alloc(packetMaxBytes)])
  assert.equal(reasonOf(box('a').open(oversized)), 'oversized')
})

it('PacketBox: never throws on any bytes, and hears nothing in them', () => {
  const valid = box('b').pack(hello)
  const a = box('a')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1_500 }), fc.nat(valid.length), (noise, keep) => {
      const bytes = Buffer.concat([valid.subarray(0, keep), noise])
      return bytes.equals(valid) || a.open(bytes).type !== 'heard'
    }),
    { numRuns: 500 },
  )
})

it('PacketBox: remembers a bounded number of senders', () => {
  const a = box('a')
  for (let at = 0; at < 1_100; at++) a.open(box(`sender ${String(at)}`).pack(hello))
  assert.equal(a.senderCount, 1_024)
})

it('PacketBox: keeps every packet within the limit, leaving out addresses', () => {
  const addresses = Array.from({ length: 8 }, () => `${'h'.repeat(240)}:7000`)
  const bytes = box('b').pack({ ...hello, name: 'n'.repeat(255), addresses })
  assert.ok(bytes.length <= packetMaxBytes)
  const opened = box('a').open(bytes)
  assert.equal(opened.type === 'heard' && opened.announcement.addresses.length > 0, true)
})

it('announcement: refuses every other shape', () => {
  const good: Record<string, unknown> = { ...hello }
  const bad = [
    { ...good, kind: 'hi' },
    { ...good, name: '' },
    { ...good, name: 7 },
    { ...good, more: 1 },
    { ...good, incarnation: 'x'.repeat(300) },
    { ...good, addresses: ['10.0.0.7'] },
    { ...good, addresses: Array.from({ length: 9 }, () => '10.0.0.7:1') },
    { ...good, addresses: { length: 1, 0: '10.0.0.7:1' } },
    [],
    null,
    'hello',
  ]
  for (const value of bad) {
    assert.equal(decodeAnnouncement(JSON.stringify(value)), undefined)
  }
  assert.deepEqual(decodeAnnouncement(encodeAnnouncement(hello).toString('utf8')), hello)
})

it('announcement: makes a question larger than a usual answer', () => {
  const answer = encodeAnnouncement({ ...hello, kind: 'here' })
  assert.ok(encodeAnnouncement(hello).length > answer.length)
})

it('ReplayWindow: accepts each counter once, whatever the order within the window', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 1_000 }), { maxLength: 300 }), (counters) => {
      const window = new ReplayWindow()
      const accepted = counters.filter((counter) => window.accept(counter))
      return (
        new Set(accepted).size === accepted.length &&
        new Set(accepted).size === new Set(counters).size
      )
    }),
  )
})

it('ReplayWindow: refuses counters behind the window, 0, negative and broken ones', () => {
  const window = new ReplayWindow()
  assert.ok(window.accept(5_000))
  assert.ok(!window.accept(5_000 - windowSize))
  assert.ok(window.accept(5_000 - windowSize + 1))
  for (const counter of [0, -1, 1.5, NaN, Infinity]) assert.ok(!window.accept(counter))
})

function box(
  sender: string,
  { secrets = [secret], cluster = 'shop' }: { secrets?: string[]; cluster?: string } = {},
): PacketBox {
  const senderId = Buffer.from(sender.padEnd(16).slice(-16))
  const keyring = secrets.length > 0 ? new Keyring(secrets) : undefined
  return new PacketBox({ cluster, senderId, keyring })
}

function reasonOf(opened: Opened): string | undefined {
  return opened.type === 'rejected' ? opened.reason : undefined
}
