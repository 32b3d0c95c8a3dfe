/** A thousand links made and ended: nothing of them stays behind. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { silentTelemetry, Keyring, silentLog, sleep, systemHost } from '../../src/kernel/index.ts'
import {
  mesh,
  type NodeIdentity,
  type Transport,
  type TransportHandlers,
} from '../../src/transport/index.ts'
import { until } from '../../src/testing/waiting/until.ts'

const cycles = 1_000
/** What lives after a garbage collection may wander this much: a leak of 2 KiB a cycle is more. */
const growthMaxBytes = 2 * 1024 * 1024
/** Resident memory wanders more: the allocator keeps what it freed. */
const residentGrowthMaxBytes = 64 * 1024 * 1024

interface End {
  readonly transport: Transport
  readonly address: string
  readonly links: Set<string>
}

async function open(name: string): Promise<End> {
  const credentials = {
    kind: 'psk',
    cluster: 'cycles',
    keyring: new Keyring(['a secret that is long enough']),
  } as const
  const engine = mesh({ credentials, listen: { host: '127.0.0.1' } })
  const deps = { host: systemHost, log: silentLog, telemetry: silentTelemetry }
  const transport = engine.create(deps)
  const links = new Set<string>()
  const self: NodeIdentity = {
    ...{ name, incarnation: `1-${name}`, cluster: 'cycles' },
    ...{ addresses: [], roles: [], meta: {} },
  }
  const [address = ''] = await transport.start(self, handlersOf(links))
  return { transport, address, links }
}

function handlersOf(links: Set<string>): TransportHandlers {
  return {
    admit: () => 'admit',
    linkUp: ({ peer }) => links.add(peer.name),
    linkDown: ({ peer }) => links.delete(peer.name),
    frame: () => undefined,
    classDegraded: () => undefined,
    classRestored: () => undefined,
    gap: () => undefined,
    refused: () => undefined,
  }
}

/** Links, uses all classes in turn, ends the link from one side or the other. */
async function cycle(a: End, b: End, index: number): Promise<void> {
  await a.transport.dial(b.address)
  const channelClass = a.transport.capabilities.classes[index % 4] ?? 'control'
  a.transport.send('b', channelClass, new Uint8Array([1, 2, 3]))
  const received = (): number => b.transport.stats()[0]?.classes[channelClass]?.receivedFrames ?? 0
  await until('the payload arrives', () => received() === 1)
  if (index % 2 === 0) a.transport.close('b')
  else b.transport.close('a')
  await until('the link is gone', () => a.links.size + b.links.size === 0)
}

/** Bytes in use after a garbage collection, in the heap and beside it. */
async function liveBytes(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  // What was closed, and what was collected, is released a turn later.
  for (let round = 0; round < 3; round += 1) {
    await sleep(systemHost, 50)
    collect()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const inMebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`

function resources(): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

describe('two engines that link and part a thousand times', () => {
  it('keep as many handles and timers, and as much memory, as at first', async (t) => {
    const [a, b] = [await open('a'), await open('b')]
    try {
      // What is made once and kept (caches, compiled code) is there before the first look.
      for (let index = 0; index < cycles / 10; index += 1) await cycle(a, b, index)
      const before = {
        resources: resources(),
        live: await liveBytes(),
        resident: process.memoryUsage.rss(),
      }
      const beganMs = systemHost.nowMs()
      for (let index = 0; index < cycles; index += 1) await cycle(a, b, index)
      const tookMs = systemHost.nowMs() - beganMs
      const grown = (await liveBytes()) - before.live
      const residentGrown = process.memoryUsage.rss() - before.resident
      const memory = `memory in use grew ${inMebibytes(grown)}, resident ${inMebibytes(residentGrown)}`
      t.diagnostic(`${String(cycles)} cycles in ${tookMs.toFixed(0)} ms, ${memory}`)
      await until('handles and timers are as many as before', () =>
        Object.entries(resources()).every(
          ([kind, count]) => count <= (before.resources[kind] ?? 0),
        ),
      )
      assert.ok(grown < growthMaxBytes && residentGrown < residentGrowthMaxBytes, memory)
    } finally {
      await Promise.all([a.transport.stop(100), b.transport.stop(100)])
    }
  })
})
