/** A peer that has the secret and breaks the protocol: it loses its link, and nothing else happens. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { systemHost } from '../../kernel/index.ts'
import { frameKinds, frameOf, protocolVersions } from '../../wire/index.ts'
import type { ChannelClass } from '../port/port.ts'
import { encodeCredit, encodeOpenClass } from './control-frames.ts'
import { dialTls } from './dialer.ts'
import { offer, type Greeted } from './handshake.ts'
import { TestNode, credentials, identity, until } from './mesh-fixture.test.ts'

interface Opening {
  readonly channelClass: ChannelClass
  readonly link?: string
  readonly epoch?: number
}

/** A hand-made peer named "evil" with one authenticated connection to `node`. */
async function connectAs(
  self: ReturnType<typeof identity>,
  node: TestNode,
  { channelClass, link, epoch = 0 }: Opening,
): Promise<Greeted> {
  const shared = { host: systemHost, timeoutMs: 2_000 }
  const { socket, peer } = await dialTls(node.address, {
    ...{ ...shared, credentials, self: self.name, expect: '*' },
  })
  const greeted = await offer(socket, {
    ...{ ...shared, peer, address: node.address },
    hello: {
      ...{ protocol: protocolVersions, identity: self, class: channelClass, nonce: 'n' },
      ...{ nextSequence: [], epoch, ...(link === undefined ? {} : { link }) },
    },
    decide: () => Promise.resolve({ epoch: 1, nextSequence: [1, 1, 1, 1] }),
  })
  socket.resume()
  return greeted
}

const evil = identity('evil')

async function withVictim(
  run: (node: TestNode, control: TLSSocket, link: string) => Promise<void>,
): Promise<void> {
  const node = new TestNode('victim')
  await node.start()
  const { socket, link } = await connectAs(evil, node, { channelClass: 'control' })
  try {
    await until('up', () => node.ups.length === 1)
    await run(node, socket, link)
  } finally {
    socket.destroy()
    await node.mesh.stop(50)
  }
}

function lengthOnly(length: number): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt32BE(length, 0)
  return bytes
}

function firstFragment(totalBytes: number, partBytes: number, sequence = 1): Buffer {
  const body = Buffer.alloc(4 + partBytes)
  body.writeUInt32BE(totalBytes, 0)
  return frameOf(frameKinds.fragment, body, sequence)
}

const credit = { classIndex: 3, generation: 0, totalBytes: 0 }

const onControl: Record<string, Buffer> = {
  'a frame of length 0': lengthOnly(0),
  'a frame of length 7': lengthOnly(7),
  'a frame of length 2^32 - 1': lengthOnly(2 ** 32 - 1),
  'a frame just over the bound': lengthOnly(8 + 64 * 1024 + 5),
  'an unknown kind': frameOf(0, Buffer.alloc(1)),
  'a kind of the future': frameOf(255, Buffer.alloc(1)),
  'a handshake frame': frameOf(frameKinds.hello, Buffer.alloc(40)),
  'a sequence that goes back': frameOf(frameKinds.data, Buffer.alloc(1), 0),
  'a ping of another length': frameOf(frameKinds.ping, Buffer.alloc(9)),
  'a short credit': frameOf(frameKinds.credit, Buffer.alloc(3)),
  'credit for a class without credit': frameOf(
    frameKinds.credit,
    encodeCredit({ ...credit, classIndex: 0 }),
  ),
  'credit for an unknown class': frameOf(
    frameKinds.credit,
    encodeCredit({ ...credit, classIndex: 99 }),
  ),
  'more credit than was sent': frameOf(
    frameKinds.credit,
    encodeCredit({ ...credit, totalBytes: 2 ** 48 - 1 }),
  ),
  'credit of a connection that never was': frameOf(
    frameKinds.credit,
    encodeCredit({ ...credit, generation: 2 ** 32 - 1 }),
  ),
  'a request to open a class from the side that dials': frameOf(
    frameKinds.openClass,
    encodeOpenClass({ classIndex: 1, generation: 0 }),
  ),
  'a fragment over the bound of the class': firstFragment(2 ** 32 - 1, 100),
  'a fragment that needed no cutting': firstFragment(10, 10),
  'a fragment without a length': frameOf(frameKinds.fragment, Buffer.alloc(3), 1),
  'an end before the end': Buffer.concat([
    firstFragment(200_000, 1_000),
    frameOf(frameKinds.fragmentEnd, Buffer.alloc(10), 1),
  ]),
  'more than was announced': Buffer.concat([
    firstFragment(70_000, 60_000),
    frameOf(frameKinds.fragment, Buffer.alloc(60_000), 1),
  ]),
  'empty fragments without end': Buffer.concat([
    firstFragment(200_000, 1),
    frameOf(frameKinds.fragment, Buffer.alloc(0), 1),
  ]),
}

describe('MeshTransport against an authenticated peer that sends', () => {
  for (const [what, bytes] of Object.entries(onControl)) {
    it(what, () =>
      withVictim(async (node, control) => {
        control.write(bytes)
        await until('the link is closed', () => node.downs.length === 1)
        assert.equal(node.downs[0]?.reason, 'invalid-frame')
        await until('the socket is closed', () => control.destroyed)
        assert.deepEqual(node.frames, [])
      }),
    )
  }

  it('random bytes on a class connection: the whole link is closed', () =>
    withVictim(async (node, _control, link) => {
      const { socket } = await connectAs(evil, node, { channelClass: 'bulk', link, epoch: 1 })
      socket.write(Buffer.alloc(100, 255))
      await until('down', () => node.downs[0]?.reason === 'invalid-frame')
      socket.destroy()
    }))
})

describe('MeshTransport against an authenticated peer that asks for', () => {
  it('a connection numbered beyond what credit can name: refused', () =>
    withVictim(async (node, _control, link) => {
      const opening = { channelClass: 'bulk', link, epoch: 2 ** 32 } as const
      const connected = connectAs(evil, node, opening).then(async ({ socket }) => {
        socket.write(frameOf(frameKinds.data, Buffer.alloc(60_000), 1))
        await until('credit is due', () => node.frames.length === 1)
        socket.destroy()
      })
      await assert.rejects(connected, { code: 'FND_DIAL_FAILED' })
      assert.deepEqual(node.downs, [])
    }))

  it('a class of a link that does not exist: refused', () =>
    withVictim(async (node) => {
      const opening = connectAs(evil, node, { channelClass: 'bulk', link: 'nonsense', epoch: 1 })
      await assert.rejects(opening, { code: 'FND_DIAL_FAILED' })
      assert.deepEqual(node.downs, [])
    }))

  it("a class of somebody else's link: refused", () =>
    withVictim(async (node, _control, link) => {
      const opening = connectAs(identity('other'), node, { channelClass: 'bulk', link, epoch: 1 })
      await assert.rejects(opening, { code: 'FND_DIAL_FAILED' })
      assert.deepEqual(node.downs, [])
    }))

  it('thousands of pongs without reading them: they are bounded', () =>
    withVictim(async (node, control) => {
      control.pause()
      const ping = frameOf(frameKinds.ping, Buffer.alloc(8))
      const pings = Buffer.concat(new Array<Buffer>(50_000).fill(ping))
      for (let i = 0; i < 20; i++) control.write(pings)
      await until('all were read', () => control.writableLength === 0, 10_000)
      const queuedBytes = node.mesh.stats()[0]?.classes.control?.queuedBytes ?? 0
      assert.ok(queuedBytes < 1_000_000, `${String(queuedBytes)} bytes`)
    }))
})
