import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { Server } from 'socket.io'
import { io as connect, type Socket } from 'socket.io-client'
import { sleep, systemHost } from '../../src/kernel/index.ts'
import { until } from '../../src/testing/index.ts'
import type { FoundationNode } from '../../src/node/index.ts'
import { createAdapter, type SocketIoOptions } from '../../src/integrations/socket-io.ts'
import { ground, needs } from '../ground/ground.ts'
import type { Network } from '../ground/network.ts'

/** Socket.IO servers, each on a node of its own, and clients; all closed at the end. */
class Hall {
  readonly network: Network
  readonly nodes: FoundationNode[] = []
  readonly servers: Server[] = []
  readonly #clients: Socket[] = []

  constructor(network: Network) {
    this.network = network
  }

  async open(name: string, options: SocketIoOptions = {}): Promise<Server> {
    const node = await this.network.startNode({ name })
    this.nodes.push(node)
    const http = createServer()
    const io = new Server(http, { adapter: createAdapter(node, options) })
    io.on('connection', (socket) => {
      socket.on('join', async (room: string, done: () => void) => {
        await socket.join(room)
        done()
      })
    })
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    this.servers.push(io)
    return io
  }

  /** A client of a server, connected, and in a room. */
  async enter(
    io: Server,
    { room, path = '/' }: { room?: string; path?: string } = {},
  ): Promise<Socket> {
    const { port } = io.httpServer.address() as AddressInfo
    const client = connect(`http://127.0.0.1:${String(port)}${path}`, { transports: ['websocket'] })
    this.#clients.push(client)
    await new Promise((resolve) => client.once('connect', resolve as () => void))
    if (room !== undefined) await client.emitWithAck('join', room)
    return client
  }

  /** Waits until each of the servers counts all. */
  async gather(count = this.servers.length): Promise<void> {
    for (const io of this.servers) await counts(io, count)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.disconnect()
    await Promise.all(this.servers.map((io) => io.close()))
    await this.network.stop()
  }
}

async function counts(io: Server, count: number): Promise<void> {
  let seen = 0
  const look = async (): Promise<void> => {
    seen = await io.of('/').adapter.serverCount()
  }
  await until(`${String(count)} servers`, () => (void look(), seen === count), 20_000)
}

/** Two servers that know each other. */
async function pair(options?: SocketIoOptions): Promise<Hall & { a: Server; b: Server }> {
  const hall = new Hall(await ground.openNetwork({ time: 'real' }))
  const a = await hall.open('a', options)
  const b = await hall.open('b', options)
  await hall.gather()
  return Object.assign(hall, { a, b })
}

/** The arguments of the next event of that name. */
function next(client: Socket, event: string): Promise<unknown[]> {
  return new Promise((resolve) => {
    client.once(event, (...given: unknown[]) => {
      resolve(given)
    })
  })
}

describe('rooms over two servers', needs(), () => {
  it('get what any server emits, in order, and nobody else does', async () => {
    await using hall = await pair()
    const { a, b } = hall
    const inside = await hall.enter(b, { room: 'red' })
    const outside = await hall.enter(b, { room: 'blue' })
    const heard: unknown[] = []
    outside.onAny((...given) => heard.push(given))
    const got: unknown[] = []
    inside.on('news', (number) => got.push(number))
    for (let number = 0; number < 50; number++) a.to('red').emit('news', number)
    a.emit('end')
    await next(inside, 'end')
    assert.deepEqual(got, [...Array(50).keys()])
    await until('the other client has the end', () => heard.length > 0)
    assert.deepEqual(heard, [['end']])
  })

  it('get bytes as bytes, and class instances as JSON shows them', async () => {
    await using hall = await pair()
    const client = await hall.enter(hall.b)
    const arrived = next(client, 'mixed')
    hall.a.emit(
      'mixed',
      { bytes: Buffer.from([0, 255, 128]), deep: [new Uint8Array([1, 2])] },
      new URL('http://x/'),
    )
    const [{ bytes, deep }, url] = (await arrived) as [{ bytes: Buffer; deep: Buffer[] }, string]
    assert.deepEqual([...bytes], [0, 255, 128])
    assert.deepEqual([...(deep[0] ?? [])], [1, 2])
    assert.equal(url, 'http://x/')
  })

  it('leave out the sender and the local clients when told to', async () => {
    await using hall = await pair()
    const [here, there] = [await hall.enter(hall.a), await hall.enter(hall.b)]
    const heard: string[] = []
    here.on('x', (what: string) => heard.push(`here ${what}`))
    there.on('x', (what: string) => heard.push(`there ${what}`))
    hall.a.except(here.id ?? '').emit('x', 'but one')
    hall.a.local.emit('x', 'local')
    hall.a.emit('end')
    await Promise.all([next(here, 'end'), next(there, 'end')])
    assert.deepEqual(heard.toSorted(), ['here local', 'there but one'])
  })

  it('have namespaces and keys of their own', async () => {
    await using hall = await pair()
    const stranger = await hall.open('c', { key: 'another' })
    for (const io of hall.servers) io.of('/chat')
    const inChat = await hall.enter(hall.b, { path: '/chat' })
    const [inRoot, apart] = [await hall.enter(hall.b), await hall.enter(stranger)]
    const heard: string[] = []
    inRoot.on('x', () => heard.push('root'))
    apart.on('x', () => heard.push('another key'))
    // The new namespace's adapters have to know of each other first.
    const chat = hall.a.of('/chat')
    const sockets = (): Promise<number> => chat.fetchSockets().then(({ length }) => length)
    // One that asks before the other listens waits in vain for its answer.
    while ((await sockets().catch(() => 0)) !== 1) await sleep(systemHost, 10)
    chat.emit('x')
    await next(inChat, 'x')
    hall.a.emit('end')
    await next(inRoot, 'end')
    assert.deepEqual(heard, [])
    assert.equal(await stranger.of('/').adapter.serverCount(), 1)
  })
})

describe('requests over two servers', needs(), () => {
  it('move, fetch and disconnect clients wherever they are', async () => {
    await using hall = await pair()
    const { a, b } = hall
    const client = await hall.enter(b, { room: 'red' })
    b.sockets.sockets.forEach((socket) => (socket.data = { user: 7 }))
    a.in('red').socketsJoin('green')
    await until('it has joined', () => b.sockets.adapter.rooms.has('green'))
    const [found] = await a.in('green').fetchSockets()
    assert.equal(found?.id, client.id)
    assert.deepEqual(found?.data, { user: 7 })
    assert.ok(found.rooms.has('red'))
    assert.equal(typeof found.handshake.headers, 'object')
    a.in('green').disconnectSockets()
    assert.deepEqual(
      await next(client, 'disconnect').then(([reason]) => reason),
      'io server disconnect',
    )
  })

  it('gather the answers of clients and of servers', async () => {
    await using hall = await pair()
    for (const io of hall.servers) {
      const client = await hall.enter(io)
      client.on('ask', (answer: (value: string) => void) => {
        answer('client')
      })
      io.on('sum', (number: number, answer: (value: unknown) => void) => {
        answer({ doubled: number * 2, bytes: Buffer.from([1]) })
      })
    }
    const fromClients = (await hall.a.timeout(5_000).emitWithAck('ask')) as unknown[]
    assert.deepEqual(fromClients, ['client', 'client'])
    const fromServers = (await hall.a.serverSideEmitWithAck('sum', 21)) as unknown[]
    assert.deepEqual(fromServers, [{ doubled: 42, bytes: Buffer.from([1]) }])
  })

  it('are complete without a server that dies in the middle', async () => {
    await using hall = await pair()
    const asked = new Promise<void>((resolve) => {
      hall.b.on('never answered', () => {
        resolve()
      })
    })
    const client = await hall.enter(hall.a)
    const answers = hall.a.serverSideEmitWithAck('never answered')
    await asked
    Object.assign(hall.b.of('/').adapter, { doPublishResponse: () => Promise.resolve() })
    const sockets = hall.a.fetchSockets()
    hall.network.kill('b')
    assert.deepEqual(await answers, [])
    assert.deepEqual(
      (await sockets).map(({ id }) => id),
      [client.id],
    )
    assert.equal(await hall.a.of('/').adapter.serverCount(), 1)
  })

  it('do not wait for a server that was closed, whose node lives on', async () => {
    await using hall = await pair()
    await hall.b.close()
    await counts(hall.a, 1)
    assert.deepEqual(await hall.a.fetchSockets(), [])
    assert.ok(hall.nodes[0]?.members().some(({ name }) => name === 'b'))
  })
})

describe('an adapter', needs(), () => {
  it('serves its own clients once its node has stopped, and is silent about it', async () => {
    const errors: Error[] = []
    await using hall = await pair({ onError: (error) => errors.push(error) })
    const client = await hall.enter(hall.a)
    await hall.nodes[0]?.stop()
    const arrived = next(client, 'x')
    hall.a.emit('x', 1)
    assert.deepEqual(await arrived, [1])
    assert.deepEqual(errors, [])
  })

  it('tells what could not be sent to others, and sends it to its own clients', async () => {
    const errors: Error[] = []
    await using hall = await pair({ onError: (error) => errors.push(error) })
    const client = await hall.enter(hall.a)
    const arrived = next(client, 'x')
    hall.a.emit('x', new Map([[Symbol('no'), 1]]))
    await arrived
    await until('it was told', () => errors.length === 1)
    assert.match(String(errors[0]), /symbol/)
  })

  it('refuses what needs a store', async () => {
    await using network = await ground.openNetwork({ time: 'real' })
    const node = await network.startNode({ name: 'a' })
    const open = (): Server =>
      new Server({ adapter: createAdapter(node), connectionStateRecovery: {} })
    assert.throws(open, { code: 'FND_OPTION_INVALID', message: /connectionStateRecovery/ })
  })

  it('refuses a channel that is not set up, and an option nobody knows', async () => {
    await using network = await ground.openNetwork({ time: 'real' })
    const node = await network.startNode({ name: 'a' })
    const refused = { code: 'FND_OPTION_INVALID', message: /"nope" is not set up/ }
    assert.throws(() => createAdapter(node, { channel: 'nope' }), refused)
    const unknown = { code: 'FND_OPTION_INVALID', message: /did you mean "channel"/ }
    assert.throws(() => createAdapter(node, { chanel: 'events' } as object), unknown)
  })
})
