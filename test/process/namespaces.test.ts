/** Nodes on a network of their own that is cut: in two, in one direction, between two of three. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { StartOptions } from '../../src/setup/index.ts'
import { sleep, systemHost } from '../../src/kernel/index.ts'
import {
  allKnowEachOther,
  eventually,
  verdictMaxMs,
  withCrew,
  type Crew,
  type Worker,
} from './crew.ts'
import { Lan, skipWithoutNamespaces } from './lan.ts'

if (skipWithoutNamespaces !== false) console.log(`namespaces: ${skipWithoutNamespaces}`)

/** Discovery over the wire only: no registry folder shared by the machine. */
const options: StartOptions = {
  topologies: { lan: { strategy: 'gossip', config: { intervalMs: 500 } } },
}
interface Cluster {
  readonly lan: Lan
  readonly crew: Crew
  readonly workers: readonly Worker[]
}

/** Nodes with those names, each in a namespace of its own, found by gossip. */
async function withLan(
  names: readonly string[],
  run: (cluster: Cluster) => Promise<void>,
): Promise<void> {
  const lan = new Lan(names)
  try {
    await withCrew(async (crew) => {
      const hire = (name: string): Promise<Worker> =>
        crew.hire(name, options, {
          namespace: lan.namespace(name),
          env: { FOUNDATION_INTERFACES: 'lan0,lo' },
        })
      // One after another: they share the secret file, which the first one makes.
      const workers: Worker[] = []
      for (const name of names) workers.push(await hire(name))
      await allKnowEachOther(workers)
      await run({ lan, crew, workers })
    })
  } finally {
    lan.close()
  }
}

/** Each of the watchers sees each of the others down as unreachable, in time. */
async function assertDown(
  t: TestContext,
  {
    watchers,
    lost,
    cut,
  }: { watchers: readonly Worker[]; lost: readonly string[]; cut: () => void },
): Promise<void> {
  const pairs = watchers.flatMap((watcher) => lost.map((name) => ({ watcher, name })))
  const downs = pairs.map(({ watcher, name }) => watcher.sees('member-down', name, 20_000))
  const cutAtMs = systemHost.nowMs()
  cut()
  for (const [index, { atMs, event }] of (await Promise.all(downs)).entries()) {
    const tookMs = atMs - cutAtMs
    const { watcher, name } = pairs[index] ?? {}
    assert.ok(watcher && name)
    t.diagnostic(`${watcher.name} sees ${name} down after ${tookMs.toFixed(0)} ms`)
    assert.equal(event.cause, 'unreachable')
    assert.ok(tookMs < (await verdictMaxMs(watcher)), `${tookMs.toFixed(0)} ms`)
  }
}

describe('a network of namespaces', { skip: skipWithoutNamespaces }, () => {
  it('that is cut in two: down on both sides; healed: rejoined without discovery', async (t) => {
    await withLan(['ada', 'bell', 'curie'], async ({ lan, workers }) => {
      const [ada, bell, curie] = workers
      assert.ok(ada && bell && curie)
      lan.silenceDiscovery()
      const cut = (): void => {
        lan.cut('curie', 'ada')
        lan.cut('curie', 'bell')
      }
      await Promise.all([
        assertDown(t, { watchers: [ada, bell], lost: ['curie'], cut }),
        assertDown(t, { watchers: [curie], lost: ['ada', 'bell'], cut: () => undefined }),
      ])
      assert.deepEqual(ada.storyOf('bell'), ['member-up'], 'the others have each other')
      for (const worker of workers) {
        await eventually(`a dial of ${worker.name} has failed`, 20_000, async () => {
          const { membership } = await worker.ask('status', {})
          return membership.targets.some(({ failures }) => failures > 0)
        })
      }
      lan.heal()
      const healedMs = systemHost.nowMs()
      await allKnowEachOther(workers, 40_000)
      t.diagnostic(`one cluster again ${(systemHost.nowMs() - healedMs).toFixed(0)} ms after`)
    })
  })

  it('where a call is under way when the other side vanishes: down in time, the call fails', async (t) => {
    await withLan(['ada', 'bell'], async ({ lan, workers }) => {
      const [ada, bell] = workers
      assert.ok(ada && bell)
      const calling = ada.ask('call', { target: 'bell', workMs: 60_000, timeoutMs: 60_000 }, 30_000)
      // Bytes that are never acknowledged: TCP itself would wait for minutes.
      const flood = { topic: 'events.flood', count: 50, bytes: 1_000, mode: 'one by one' } as const
      await bell.ask('subscribe', { topic: 'events.flood' })
      await ada.ask('publish', { ...flood, count: 1 })
      const cut = (): void => {
        lan.cut('ada', 'bell')
        void ada.ask('publish', flood)
      }
      await assertDown(t, { watchers: [ada], lost: ['bell'], cut })
      assert.equal((await calling).code, 'FND_NODE_DOWN')
    })
  })

  it('that loses packets in one direction: both sides agree within two deadlines', async (t) => {
    await withLan(['ada', 'bell'], async ({ lan, workers }) => {
      const [ada, bell] = workers
      assert.ok(ada && bell)
      const downs = [
        ada.sees('member-down', 'bell', 20_000),
        bell.sees('member-down', 'ada', 20_000),
      ]
      const cutAtMs = systemHost.nowMs()
      lan.cutOneWay('ada', 'bell')
      const tookMs = (await Promise.all(downs)).map(({ atMs }) => atMs - cutAtMs)
      t.diagnostic(`down after ${tookMs.map((ms) => ms.toFixed(0)).join(' and ')} ms`)
      assert.ok(Math.max(...tookMs) < 2 * (await verdictMaxMs(ada)))
      lan.heal()
      await allKnowEachOther(workers, 40_000)
    })
  })

  it('cut between two who both reach a third: suspect as indirect, never down', async () => {
    await withLan(['ada', 'bell', 'curie'], async ({ lan, workers }) => {
      const [ada, bell] = workers
      assert.ok(ada && bell)
      const suspicions = [
        ada.sees('member-suspect', 'bell', 15_000),
        bell.sees('member-suspect', 'ada', 15_000),
      ]
      lan.cut('ada', 'bell')
      await Promise.all(suspicions)
      const isIndirect = async (worker: Worker, name: string): Promise<boolean> => {
        const { members } = await worker.ask('status', {})
        return members.some((member) => member.name === name && member.cause === 'indirect')
      }
      await eventually('both call it indirect', 5_000, async () => {
        return (await isIndirect(ada, 'bell')) && (await isIndirect(bell, 'ada'))
      })
      // More than two deadlines after the cut.
      await sleep(systemHost, 8_000)
      const ends = workers.flatMap(({ events }) =>
        events.filter(({ event }) => event.type === 'member-down').map(({ event }) => event),
      )
      assert.deepEqual(ends, [])
      lan.heal()
      await allKnowEachOther(workers, 40_000)
    })
  })
})

describe('one class of one link', { skip: skipWithoutNamespaces }, () => {
  it('whose connection is killed is degraded, then restored; the member stays up', async (t) => {
    await withLan(['ada', 'bell'], async ({ lan, workers }) => {
      const [ada, bell] = workers
      assert.ok(ada && bell)
      const connections = (): string[] =>
        lan.inside('ada', `ss -Htn state established dst ${lan.address('bell')}`).split('\n')
      const before = connections()
      await bell.ask('subscribe', { topic: 'bulk.x' })
      const message = { topic: 'bulk.x', count: 1, bytes: 1_000, mode: 'one by one' } as const
      await ada.ask('publish', message)
      const arrived = (count: number): Promise<void> =>
        eventually('the message arrives', 5_000, async () => {
          return (await bell.ask('received', {}))['ada bulk']?.count === count
        })
      await arrived(1)
      const fresh = connections().filter((line) => !before.map(endpoints).includes(endpoints(line)))
      assert.equal(fresh.length, 1, fresh.join('\n'))
      const [local = '', remote = ''] = endpoints(fresh[0] ?? '').split(' ')
      const degraded = Promise.any(
        [ada, bell].map((worker) => worker.sees('class-degraded', undefined, 10_000)),
      )
      const restored = Promise.any(
        [ada, bell].map((worker) => worker.sees('class-restored', undefined, 10_000)),
      )
      const killed = lan.inside('ada', `ss -KHtn src ${local} dst ${remote}`)
      if (killed.trim() === '') {
        t.skip('SKIPPED: this kernel does not let "ss -K" kill a socket')
        await Promise.allSettled([degraded, restored])
        return
      }
      assert.equal((await degraded).event.channel, 'bulk')
      assert.equal((await restored).event.channel, 'bulk')
      await ada.ask('publish', message)
      await arrived(2)
      assert.deepEqual(
        ada.storyOf('bell').filter((type) => type.startsWith('member')),
        ['member-up'],
      )
    })
  })
})

/** "local remote" of a line of `ss`. */
function endpoints(line: string): string {
  return line.trim().split(/\s+/).slice(-2).join(' ')
}
