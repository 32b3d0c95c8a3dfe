/**
 * Throughput and round trip of the mesh engine against a bare TLS socket, in one run: two
 * processes on this machine, both encrypted, msgpack on both ends.
 *
 *     node bench/mesh-frames.ts [messages=400000] [rounds=3]
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, connect, type TLSSocket } from 'node:tls'
import { Packr } from 'msgpackr'
import { Keyring, consoleLog, systemHost, silentTelemetry } from '../src/kernel/index.ts'
import { mesh, type Transport, type TransportHandlers } from '../src/transport/index.ts'

const count = Number(process.argv[2] ?? 400_000)
const rounds = Number(process.argv[3] ?? 3)
const pings = 3_000
const batch = 200
const packr = new Packr({ useRecords: false })
const message = { id: 12345, topic: 'orders', user: 'alice', text: 'x'.repeat(48), ok: true }
const tls = {
  minVersion: 'TLSv1.3',
  ciphers: 'TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256',
} as const
const psk = Buffer.alloc(32, 7)
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Cuts u32-length frames out of a stream, as plainly as can be. */
function framesOf(socket: TLSSocket, onFrame: (body: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    let bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    while (bytes.length >= 4) {
      const end = 4 + bytes.readUInt32BE(0)
      if (bytes.length < end) break
      onFrame(bytes.subarray(4, end))
      bytes = bytes.subarray(end)
    }
    rest = bytes
  })
}

function framed(value: unknown): Buffer {
  const body = packr.pack(value)
  const frame = Buffer.allocUnsafe(4 + body.length)
  frame.writeUInt32BE(body.length, 0)
  frame.set(body, 4)
  return frame
}

async function meshNode(
  name: string,
  handlers: Partial<TransportHandlers>,
): Promise<[Transport, string]> {
  const engine = mesh({
    credentials: {
      kind: 'psk',
      keyring: new Keyring(['a secret for the benchmark']),
      cluster: 'bench',
    },
    interfaces: ['lo'],
  })
  const log = consoleLog({ level: 'warn', write: console.error })
  const transport = engine.create({ host: systemHost, log, telemetry: silentTelemetry })
  const nothing = (): void => undefined
  const [address = ''] = await transport.start(
    { name, incarnation: `1-${name}`, cluster: 'bench', addresses: [], roles: [], meta: {} },
    {
      ...{
        admit: () => 'admit',
        linkUp: nothing,
        linkDown: nothing,
        frame: nothing,
        refused: nothing,
      },
      ...{ classDegraded: nothing, classRestored: nothing, gap: nothing },
      ...handlers,
    },
  )
  return [transport, address]
}

async function receiver(): Promise<void> {
  let seen = 0
  const note = (): void => {
    seen += 1
    if (seen % count === 0) process.send?.({ done: true })
  }
  const [transport, address] = await meshNode('receiver', {
    frame: ({ from, class: channelClass, payload }) => {
      packr.unpack(payload as Buffer)
      if (channelClass === 'control') transport.send(from, 'control', payload)
      else note()
    },
  })
  const server = createServer({ ...tls, pskCallback: () => psk }, (socket) => {
    socket.setNoDelay(true)
    framesOf(socket, (body) => {
      const value = packr.unpack(body) as { ping?: boolean }
      if (value.ping) socket.write(framed(value))
      else note()
    })
  })
  server.listen(0, '127.0.0.1', () => {
    const bound = server.address()
    process.send?.({ address, port: typeof bound === 'object' ? bound?.port : 0 })
  })
}

interface Row {
  perSecond: number
  p50: number
  p99: number
}

function quantiles(samples: number[]): Pick<Row, 'p50' | 'p99'> {
  const sorted = samples.toSorted((a, b) => a - b)
  const at = (q: number): number => sorted[Math.floor(q * sorted.length)] ?? 0
  return { p50: at(0.5), p99: at(0.99) }
}

async function timeFlood(child: ChildProcess, flood: () => Promise<void>): Promise<number> {
  const start = performance.now()
  const done = once(child, 'message')
  await flood()
  await done
  return (count / (performance.now() - start)) * 1000
}

async function pingPong(send: (onReply: () => void) => void): Promise<Pick<Row, 'p50' | 'p99'>> {
  const samples: number[] = []
  for (let i = 0; i < pings; i++) {
    const start = performance.now()
    await new Promise<void>((resolve) => {
      send(resolve)
    })
    samples.push(performance.now() - start)
  }
  return quantiles(samples)
}

async function bareSocket(child: ChildProcess, port: number): Promise<Row> {
  const socket = connect({
    ...{ port, host: '127.0.0.1', ...tls, checkServerIdentity: () => undefined },
    pskCallback: () => ({ psk, identity: 'bench' }),
  })
  await once(socket, 'secureConnect')
  socket.setNoDelay(true)
  let onReply = (): void => undefined
  framesOf(socket, (body) => {
    packr.unpack(body)
    onReply()
  })
  const idle = await pingPong((resolve) => {
    onReply = resolve
    socket.write(framed({ ...message, ping: true }))
  })
  const perSecond = await timeFlood(child, async () => {
    for (let sent = 0; sent < count;) {
      socket.cork()
      for (let i = 0; i < batch && sent < count; i++, sent++) socket.write(framed(message))
      socket.uncork()
      if (socket.writableNeedDrain) await once(socket, 'drain')
      else await nextTurn()
    }
  })
  socket.destroy()
  return { perSecond, ...idle }
}

async function meshEngine(child: ChildProcess, address: string): Promise<Row> {
  let onReply = (): void => undefined
  const [transport] = await meshNode('sender', {
    frame: ({ payload }) => {
      packr.unpack(payload as Buffer)
      onReply()
    },
  })
  await transport.dial(address)
  const idle = await pingPong((resolve) => {
    onReply = resolve
    transport.send('receiver', 'control', packr.pack(message))
  })
  const perSecond = await timeFlood(child, async () => {
    for (let sent = 0; sent < count;) {
      for (let i = 0; i < batch && sent < count; i++, sent++) {
        const payload = packr.pack(message)
        while (transport.send('receiver', 'events', payload) === 'full') {
          await transport.whenWritable('receiver', 'events')
        }
      }
      await nextTurn()
    }
  })
  await transport.stop()
  return { perSecond, ...idle }
}

async function sender(): Promise<void> {
  const child = fork(import.meta.filename, [String(count), String(rounds)], {
    env: { ROLE: 'receiver' },
  })
  const [where] = (await once(child, 'message')) as [{ address: string; port: number }]
  console.log(`${String(packr.pack(message).length)} bytes a message, ${String(count)} messages`)
  for (let round = 1; round <= rounds; round++) {
    const bare = await bareSocket(child, where.port)
    const engine = await meshEngine(child, where.address)
    for (const [name, row] of [
      ['bare', bare],
      ['mesh', engine],
    ] as const) {
      const { perSecond, p50, p99 } = row
      console.log(
        `${String(round)} ${name}  ${(perSecond / 1000).toFixed(0)} k/s  ` +
          `round trip p50 ${p50.toFixed(3)} p99 ${p99.toFixed(3)} ms`,
      )
    }
    const ratio = (key: keyof Row): string => (engine[key] / bare[key]).toFixed(2)
    console.log(
      `${String(round)} ratio ${ratio('perSecond')}  p50 ${ratio('p50')} p99 ${ratio('p99')}`,
    )
  }
  child.kill()
}

await (process.env['ROLE'] === 'receiver' ? receiver() : sender())
