import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Duplex, type DuplexOptions } from 'node:stream'
import { systemHost } from '../../kernel/index.ts'
import { frameKinds, frameOf } from '../../wire/index.ts'
import { ClassConnection, type ConnectionHandlers } from './class-connection.ts'
import { until } from './mesh-fixture.test.ts'

/** A socket that keeps what is written and never finishes a write unless told. */
class Held extends Duplex {
  readonly chunks: Buffer[] = []
  readonly done: (() => void)[] = []

  constructor(options: DuplexOptions = {}) {
    super({ allowHalfOpen: false, ...options })
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.chunks.push(chunk)
    this.done.push(done)
  }

  override _read(): void {
    // Bytes come by push().
  }
}

interface Heard {
  readonly frames: { kind: number; sequence: number; body: string }[]
  readonly news: string[]
}

function connectionOver(
  socket: Duplex,
  more: Partial<ConnectionHandlers> = {},
): [ClassConnection, Heard] {
  const heard: Heard = { frames: [], news: [] }
  const handlers: ConnectionHandlers = {
    frame: (kind, sequence, body) => {
      heard.frames.push({ kind, sequence, body: Buffer.from(body).toString() })
      return 'free'
    },
    chunkEnd: () => undefined,
    writable: () => heard.news.push('writable'),
    closed: (end) => heard.news.push(end),
    ...more,
  }
  return [new ClassConnection(socket, { host: systemHost, handlers }), heard]
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('ClassConnection: writing', () => {
  it('sends the frames of one turn in one write', async () => {
    const socket = new Held()
    const [connection] = connectionOver(socket)
    for (let i = 1; i <= 100; i++)
      connection.write(frameKinds.data, i, Buffer.from(`frame ${String(i)}`))
    assert.equal(socket.chunks.length, 0)
    await turn()
    assert.equal(socket.chunks.length, 1)
    const expected = Array.from({ length: 100 }, (_, i) =>
      frameOf(frameKinds.data, Buffer.from(`frame ${String(i + 1)}`), i + 1),
    )
    assert.deepEqual(socket.chunks[0], Buffer.concat(expected))
    connection.close()
  })

  it('never writes again into bytes the socket has', async () => {
    const socket = new Held()
    const [connection] = connectionOver(socket)
    connection.write(frameKinds.data, 1, Buffer.from('first'))
    await turn()
    const before = Buffer.from(socket.chunks[0] ?? '')
    for (let i = 0; i < 20; i++) connection.write(frameKinds.data, 2, Buffer.alloc(20_000, 255))
    await turn()
    assert.deepEqual(socket.chunks[0], before)
    connection.close()
  })
})

describe('ClassConnection: what is under way', () => {
  it('counts what the kernel has not taken', async () => {
    const socket = new Held()
    const [connection, { news }] = connectionOver(socket)
    connection.write(frameKinds.data, 1, Buffer.alloc(988))
    assert.equal(connection.pendingBytes, 1_000)
    await turn()
    assert.equal(connection.pendingBytes, 1_000)
    socket.done[0]?.()
    await until('writable', () => news.length === 1)
    assert.equal(connection.pendingBytes, 0)
    connection.close()
  })

  it('says goodbye last, and nothing afterwards', async () => {
    const socket = new Held()
    const [connection, { news }] = connectionOver(socket)
    connection.write(frameKinds.data, 1, Buffer.from('last'))
    let isClosed = false
    connection.finish(() => {
      isClosed = true
    })
    connection.write(frameKinds.data, 2, Buffer.from('too late'))
    await turn()
    const goodbye = frameOf(frameKinds.goodbye, Buffer.alloc(0))
    assert.deepEqual(socket.chunks, [
      Buffer.concat([frameOf(frameKinds.data, Buffer.from('last'), 1), goodbye]),
    ])
    socket.destroy()
    await until('closed', () => isClosed)
    assert.deepEqual(news, [])
  })
})

describe('ClassConnection: reading', () => {
  it('hands over what came with the handshake first', async () => {
    const socket = new Held()
    const [connection, { frames }] = connectionOver(socket)
    const bytes = Buffer.concat([1, 2, 3].map((i) => frameOf(frameKinds.data, Buffer.from('x'), i)))
    connection.open(bytes.subarray(0, 20))
    socket.push(bytes.subarray(20))
    await until('all', () => frames.length === 3)
    assert.deepEqual(
      frames.map(({ sequence }) => sequence),
      [1, 2, 3],
    )
    connection.close()
  })

  it('stops at once when handling a frame closes it', () => {
    const socket = new Held()
    const seen: number[] = []
    const [connection, { news }] = connectionOver(socket, {
      frame: (_kind, sequence) => {
        seen.push(sequence)
        connection.close()
        return 'free'
      },
    })
    connection.open(Buffer.concat([1, 2].map((i) => frameOf(frameKinds.data, Buffer.alloc(1), i))))
    assert.deepEqual(seen, [1])
    assert.deepEqual(news, [])
    assert.ok(socket.destroyed)
  })

  it('is lost once, whether by an error, the end or the close of its socket', async () => {
    for (const end of [
      (socket: Held) => socket.destroy(new Error('reset')),
      (socket: Held) => socket.destroy(),
      (socket: Held) => socket.push(null),
    ]) {
      const socket = new Held()
      const [connection, { news }] = connectionOver(socket)
      connection.open(Buffer.alloc(0))
      end(socket)
      await until('lost', () => news.length > 0)
      await turn()
      assert.deepEqual(news, ['lost'])
    }
  })
})

describe('ClassConnection: signs of life', () => {
  it('is silent when an answer is owed for too long, and only then', () => {
    const socket = new Held()
    const [connection, { news }] = connectionOver(socket)
    connection.open(Buffer.alloc(0))
    for (let i = 0; i < 100; i++) connection.beat(500, 1_000)
    assert.deepEqual(news, [])
    connection.ping()
    connection.beat(500, 1_000)
    connection.beat(500, 1_000)
    assert.deepEqual(news, [])
    connection.beat(500, 1_000)
    assert.deepEqual(news, ['silent'])
    assert.ok(socket.destroyed)
  })

  it('measures a round trip by its own ping only', () => {
    const [connection] = connectionOver(new Held())
    const foreign = Buffer.alloc(8, 1)
    assert.equal(connection.pong(foreign), undefined)
    connection.ping()
    assert.equal(connection.pong(foreign), undefined)
    connection.close()
  })
})
