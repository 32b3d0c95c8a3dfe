/**
 * Control round trips while bulk is saturated, at the level of the mesh engine: two processes.
 *
 *     node bench/mesh-isolation.ts receive <host>            prints its address, runs until killed
 *     node bench/mesh-isolation.ts send <address> <host> [seconds=8]
 *     node bench/mesh-isolation.ts                           both, over loopback
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Keyring, consoleLog, systemHost, silentTelemetry } from '../src/kernel/index.ts'
import { mesh, type Transport, type TransportHandlers } from '../src/transport/index.ts'

const [role = 'both', ...args] = process.argv.slice(2)
const probeBytes = 64
const probeIntervalMs = 5
const payloadBytes = 64 * 1024

async function node(
  name: string,
  host: string,
  frame: TransportHandlers['frame'],
): Promise<[Transport, string]> {
  const engine = mesh({
    credentials: {
      kind: 'psk',
      keyring: new Keyring(['a secret for the benchmark']),
      cluster: 'bench',
    },
    listen: { host },
  })
  const log = consoleLog({ level: 'warn', write: console.error })
  const transport = engine.create({ host: systemHost, log, telemetry: silentTelemetry })
  const nothing = (): void => undefined
  const [address = ''] = await transport.start(
    { name, incarnation: `1-${name}`, cluster: 'bench', addresses: [], roles: [], meta: {} },
    {
      ...{ admit: () => 'admit', linkUp: nothing, linkDown: nothing, frame, refused: nothing },
      ...{ classDegraded: nothing, classRestored: nothing, gap: nothing },
    },
  )
  return [transport, address]
}

async function receive(host: string): Promise<void> {
  const [transport, address] = await node(
    'receiver',
    host,
    ({ class: channelClass, from, payload }) => {
      if (channelClass === 'control') transport.send(from, 'control', payload)
    },
  )
  console.log(address)
  process.send?.(address)
}

/** Round trips at a fixed rate; a late answer does not slow the probes down. */
async function probe(
  transport: Transport,
  seconds: number,
  replies: { take: (sentMs: number) => void },
): Promise<number[]> {
  const samples: number[] = []
  replies.take = (sentMs) => samples.push(performance.now() - sentMs)
  const count = (seconds * 1000) / probeIntervalMs
  const startMs = performance.now()
  for (let i = 0; i < count; i++) {
    const dueMs = startMs + i * probeIntervalMs
    const waitMs = dueMs - performance.now()
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    const payload = Buffer.alloc(probeBytes)
    payload.writeDoubleBE(performance.now(), 0)
    transport.send('receiver', 'control', payload)
  }
  await new Promise((resolve) => setTimeout(resolve, 500))
  return samples.toSorted((a, b) => a - b)
}

function show(name: string, samples: number[], note = ''): void {
  const at = (q: number): string => (samples[Math.floor(q * samples.length)] ?? NaN).toFixed(2)
  console.log(
    `${name}  ${String(samples.length)} probes  p50 ${at(0.5)}  p99 ${at(0.99)}  max ${at(1 - 1e-9)} ms  ${note}`,
  )
}

async function send(address: string, host: string, seconds: number): Promise<void> {
  const replies = { take: (_sentMs: number): void => undefined }
  const [transport] = await node('sender', host, ({ payload }) => {
    replies.take(Buffer.from(payload).readDoubleBE(0))
  })
  await transport.dial(address)
  show('idle', await probe(transport, Math.min(3, seconds), replies))
  const flood = { isOver: false }
  const flooding = (async () => {
    const payload = Buffer.alloc(payloadBytes)
    while (!flood.isOver) {
      if (transport.send('receiver', 'bulk', payload) === 'full')
        await transport.whenWritable('receiver', 'bulk')
    }
  })()
  const sent = (): number => transport.stats()[0]?.classes.bulk?.sentBytes ?? 0
  const windows: number[] = []
  const watch = setInterval(
    () => windows.push(transport.stats()[0]?.classes.bulk?.windowBytes ?? 0),
    100,
  )
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  const [before, startMs] = [sent(), performance.now()]
  const samples = await probe(transport, seconds, replies)
  const megabits = ((sent() - before) * 8) / 1000 / (performance.now() - startMs)
  clearInterval(watch)
  flood.isOver = true
  const kib = windows.map((bytes) => Math.round(bytes / 1024)).toSorted((a, b) => a - b)
  const note = `bulk ${megabits.toFixed(1)} Mbit/s, window KiB ${String(kib[0])} / ${String(kib[kib.length >> 1])} / ${String(kib.at(-1))}`
  show('load', samples, note)
  await Promise.race([flooding, new Promise((resolve) => setTimeout(resolve, 100))])
  await transport.stop(100)
}

if (role === 'receive') await receive(args[0] ?? '127.0.0.1')
else if (role === 'send') {
  await send(args[0] ?? '', args[1] ?? '127.0.0.1', Number(args[2] ?? 8))
  process.exit(0)
} else {
  const child = fork(import.meta.filename, ['receive', '127.0.0.1'], { silent: true })
  const [address] = (await once(child, 'message')) as [string]
  await send(address, '127.0.0.1', 5)
  child.kill()
}
