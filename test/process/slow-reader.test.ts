/** A subscriber that stands still while it is flooded: every class is bounded in its own way. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sleep, systemHost } from '../../src/kernel/index.ts'
import { needs } from '../ground/processes.ts'
import { eventually, withCrew, type Crew, type Worker } from './crew.ts'
import type { Published, PublishAsk, Received } from './orders.ts'

/** The subscriber stays a member, however long it is silent. */
const patient = { membership: { suspectAfterMs: 300_000, downAfterMs: 600_000 } }
/** Queue bound (8 or 16 MiB), broadcasts that wait (8 MiB), and the promises of those that do. */
const growthMaxBytes = 64 * 1024 * 1024
/** Once the queue is full, nothing more is to come on top; the allocator keeps some of what went by. */
const flatMaxBytes = { liveBytes: 8 * 1024 * 1024, rssBytes: 64 * 1024 * 1024 }

interface Pair {
  readonly publisher: Worker
  readonly subscriber: Worker
}

async function form(crew: Crew): Promise<Pair> {
  const [publisher, subscriber] = await crew.form(['ada', 'bell'], patient)
  assert.ok(publisher && subscriber)
  for (const topic of ['control.flood', 'events.flood', 'telemetry.flood', 'bulk.flood']) {
    await subscriber.ask('subscribe', { topic })
  }
  return { publisher, subscriber }
}

/** What is in use, whatever the allocator keeps of what went by. */
async function liveBytes(worker: Worker): Promise<number> {
  return (await worker.ask('memory', {})).liveBytes
}

async function received({ subscriber }: Pair, channel: string): Promise<Received> {
  const all = await subscriber.ask('received', {})
  return all[`ada ${channel}`] ?? { count: 0, lost: 0, disorder: 0, lastIndex: 0 }
}

/** Floods a stopped subscriber of a `wait` class, and continues it; says how the flood ended. */
async function floodAndContinue(pair: Pair, ask: PublishAsk): Promise<Published> {
  const { publisher, subscriber } = pair
  const before = await liveBytes(publisher)
  subscriber.signal('SIGSTOP')
  const flooding = publisher.ask('publish', ask, 60_000)
  await eventually('broadcasts wait', 20_000, async () => {
    return (await publisher.ask('status', {})).pubsub.waiting > 0
  })
  const state = await Promise.race([flooding, sleep(systemHost, 1_000)])
  assert.equal(state, true, 'the flood is not over while nobody reads')
  const grown = (await liveBytes(publisher)) - before
  assert.ok(grown < growthMaxBytes, `${String(grown)} bytes more are in use`)
  subscriber.signal('SIGCONT')
  return flooding
}

const kibibyte = 1024

describe('a subscriber that stands still, flooded on', needs(), () => {
  it('telemetry: what is too much is dropped, and counted exactly as gaps', async (t) => {
    await withCrew(async (crew) => {
      const pair = await form(crew)
      const { publisher, subscriber } = pair
      const flood = { topic: 'telemetry.flood', bytes: 8 * kibibyte, mode: 'one by one' } as const
      subscriber.signal('SIGSTOP')
      await publisher.ask('publish', { ...flood, count: 4_000 })
      const full = await publisher.ask('memory', {})
      await publisher.ask('publish', { ...flood, count: 12_000 })
      const after = await publisher.ask('memory', {})
      for (const kind of ['liveBytes', 'rssBytes'] as const) {
        const grown = after[kind] - full[kind]
        t.diagnostic(`94 MiB more took ${(grown / 1024 / 1024).toFixed(1)} MiB of ${kind}`)
        assert.ok(grown < flatMaxBytes[kind])
      }
      subscriber.signal('SIGCONT')
      await eventually('every message has arrived or is told lost', 40_000, async () => {
        const { count, lost } = await received(pair, 'telemetry')
        return count + lost >= 16_000
      })
      const { count, lost, disorder } = await received(pair, 'telemetry')
      t.diagnostic(`sent 16000, received ${String(count)}, lost ${String(lost)}`)
      assert.ok(lost > 0)
      assert.equal(count + lost, 16_000)
      assert.equal(disorder, 0)
    })
  })

  it('events: each broadcast waits, and all arrive when it goes on', async () => {
    await withCrew(async (crew) => {
      const pair = await form(crew)
      const flood = { topic: 'events.flood', bytes: 32 * kibibyte, mode: 'one by one' } as const
      const { queued, rejected } = await floodAndContinue(pair, { ...flood, count: 2_000 })
      assert.deepEqual({ queued, rejected }, { queued: 2_000, rejected: {} })
      await eventually('all arrive', 20_000, async () => {
        return (await received(pair, 'events')).count === 2_000
      })
      const { lost, disorder } = await received(pair, 'events')
      assert.deepEqual({ lost, disorder }, { lost: 0, disorder: 0 })
    })
  })

  it('events by a publisher that does not wait: what is over the bound is refused', async (t) => {
    await withCrew(async (crew) => {
      const pair = await form(crew)
      const flood = { topic: 'events.flood', bytes: 32 * kibibyte, mode: 'at once' } as const
      const { queued, rejected } = await floodAndContinue(pair, { ...flood, count: 6_000 })
      t.diagnostic(`queued ${String(queued)}, refused ${JSON.stringify(rejected)}`)
      assert.deepEqual(Object.keys(rejected), ['FND_LIMIT_REACHED'])
      assert.equal(queued + (rejected['FND_LIMIT_REACHED'] ?? 0), 6_000)
      await eventually('what was taken arrives', 20_000, async () => {
        return (await received(pair, 'events')).count === queued
      })
      assert.equal((await received(pair, 'events')).lost, 0)
    })
  })

  it('bulk: each broadcast waits, and all arrive when it goes on', async () => {
    await withCrew(async (crew) => {
      const pair = await form(crew)
      const flood = { topic: 'bulk.flood', bytes: 512 * kibibyte, mode: 'one by one' } as const
      const { queued, rejected } = await floodAndContinue(pair, { ...flood, count: 150 })
      assert.deepEqual({ queued, rejected }, { queued: 150, rejected: {} })
      await eventually('all arrive', 20_000, async () => {
        return (await received(pair, 'bulk')).count === 150
      })
      assert.equal((await received(pair, 'bulk')).lost, 0)
    })
  })

  it(
    'control: the link ends with slow-peer, and is made anew when it goes on',
    needs('queues by peer'),
    async () => {
      await withCrew(async (crew) => {
        const pair = await form(crew)
        const { publisher, subscriber } = pair
        const ended = publisher.sees('link-down', 'bell', 20_000)
        subscriber.signal('SIGSTOP')
        const flood = { topic: 'control.flood', bytes: 16 * kibibyte, mode: 'one by one' } as const
        const { rejected } = await publisher.ask('publish', { ...flood, count: 2_000 })
        assert.ok((rejected['FND_LIMIT_REACHED'] ?? 0) > 0)
        assert.equal((await ended).event.reason, 'slow-peer')
        subscriber.signal('SIGCONT')
        await eventually('they talk again', 20_000, async () => {
          const call = { target: 'bell', workMs: 0, timeoutMs: 2_000 }
          return (await publisher.ask('call', call)).code === undefined
        })
      })
    },
  )
})
