import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentTelemetry, silentLog, sleep, type Host } from '../kernel/index.ts'
import type { Transport } from '../transport/index.ts'
import { MemoryNetwork, type MemoryNetworkOptions } from './network.ts'

/** The least that can be called a node. */
interface EchoNode {
  readonly name: string
  readonly host: Host
  readonly transport: Transport
  readonly heard: string[]
  stop(): Promise<void>
}

type EchoNetwork = MemoryNetwork<{ readonly name?: string }, EchoNode>

function echoNetwork(options?: MemoryNetworkOptions): EchoNetwork {
  return new MemoryNetwork(async ({ name = '' }, { host, engine }) => {
    const transport = engine.create({ host, log: silentLog, telemetry: silentTelemetry })
    const heard: string[] = []
    const identity = { name, incarnation: '1', cluster: 'test', addresses: [], roles: [], meta: {} }
    await transport.start(identity, {
      admit: () => 'admit',
      linkUp: ({ peer }) => heard.push(`up ${peer.name}`),
      linkDown: ({ peer }, reason) => heard.push(`down ${peer.name} ${reason}`),
      frame: ({ payload }) => heard.push(Buffer.from(payload).toString()),
      ...{ classDegraded: ignore, classRestored: ignore, gap: ignore, refused: ignore },
    })
    await sleep(host, 5)
    return { name, host, transport, heard, stop: () => transport.stop() }
  }, options)
}

function ignore(): void {
  return
}

for (const time of ['real', 'virtual'] as const) {
  describe(`MemoryNetwork in ${time} time`, () => {
    it('starts nodes that reach each other, and settles when all has arrived', async () => {
      const network = echoNetwork({ time, memory: { delayMs: 5 } })
      const ann = await network.startNode({ name: 'ann' })
      const bob = await network.startNode({ name: 'bob' })
      await network.run(ann.transport.dial('bob:1'))
      ann.transport.send('bob', 'events', Buffer.from('hello'))
      await network.settle()
      assert.deepEqual(bob.heard, ['up ann', 'hello'])
      await network.run(ann.stop())
      await network.settle()
      assert.deepEqual(bob.heard, ['up ann', 'hello', 'down ann goodbye'])
      await network.stop()
    })

    it('holds bytes in a partition, a clog and a pause, and lets them go', async () => {
      const network = echoNetwork({ time })
      const ann = await network.startNode({ name: 'ann' })
      const bob = await network.startNode({ name: 'bob' })
      await network.run(ann.transport.dial('bob:1'))
      await network.settle()
      network.partition(['ann'], ['bob'])
      ann.transport.send('bob', 'events', Buffer.from('after the heal'))
      await network.settle()
      assert.deepEqual(bob.heard, ['up ann'])
      network.heal()
      await network.settle()
      network.pause('bob', 60)
      ann.transport.send('bob', 'events', Buffer.from('after the pause'))
      await network.advance(20)
      assert.deepEqual(bob.heard, ['up ann', 'after the heal'])
      await network.settle()
      assert.deepEqual(bob.heard, ['up ann', 'after the heal', 'after the pause'])
      await network.stop()
    })

    it('kills a node so that its peers see it lost and its name is free', async () => {
      const network = echoNetwork({ time })
      const ann = await network.startNode({ name: 'ann' })
      const bob = await network.startNode({ name: 'bob' })
      await network.run(ann.transport.dial('bob:1'))
      await network.settle()
      network.kill('ann')
      await network.settle()
      assert.deepEqual(bob.heard, ['up ann', 'down ann lost'])
      const next = await network.startNode({ name: 'ann' })
      assert.equal((await network.run(bob.transport.dial('ann:1'))).name, 'ann')
      await network.settle()
      assert.deepEqual(next.heard, ['up bob'])
      await network.stop()
    })
  })
}

describe('MemoryNetwork', () => {
  it('gives up on work that virtual time does not end', async () => {
    const network = echoNetwork({ time: 'virtual' })
    await assert.rejects(network.run(new Promise(() => undefined)), { code: 'FND_TIMED_OUT' })
  })

  it('repeats itself in virtual time with the same seed', async () => {
    const run = async (seed: number): Promise<string | undefined> => {
      const network = echoNetwork({ time: 'virtual', seed, memory: { jitterMs: 20 } })
      const ann = await network.startNode({ name: 'ann' })
      await network.startNode({ name: 'bob' })
      await network.run(ann.transport.dial('bob:1'))
      await network.stop()
      return network.traceHash
    }
    assert.equal(await run(1), await run(1))
    assert.notEqual(await run(1), await run(2))
  })

  it('refuses faults of nodes that never were, and takes those of nodes that are gone', async () => {
    const network = echoNetwork()
    await network.startNode({ name: 'ann' })
    const message = /known: ann, got "bob"/
    const faults: readonly ((name: string) => void)[] = [
      (name) => {
        network.partition(['ann'], [name])
      },
      (name) => {
        network.cut('ann', name)
      },
      (name) => {
        network.clog(name, 'ann', 1)
      },
      (name) => {
        network.pause(name, 1)
      },
      (name) => {
        network.wallJump(name, 1)
      },
      (name) => {
        network.kill(name)
      },
    ]
    for (const fault of faults) {
      assert.throws(
        () => {
          fault('bob')
        },
        { code: 'FND_OPTION_INVALID', message },
      )
      assert.doesNotThrow(() => {
        fault('ann')
      })
    }
    network.kill('ann')
  })

  it('refuses options out of range or not known', () => {
    assert.throws(() => echoNetwork({ sed: 1 } as object), /did you mean "seed"/)
    assert.throws(() => echoNetwork({ memory: { delayMs: -1 } }), { code: 'FND_OPTION_INVALID' })
  })
})
