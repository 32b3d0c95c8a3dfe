/** What users are promised, as stories with three nodes. Nothing here knows which engine runs. */
import assert from 'node:assert/strict'
import { Counter } from '../../src/cli/demo/worker/services.ts'
import type { StartOptions } from '../../src/index.ts'
import { isFoundationError } from '../../src/kernel/index.ts'
import { until } from '../../src/testing/waiting/until.ts'
import type { Trio } from './engines.ts'

/** A story and the options its nodes start with. */
export interface Story {
  readonly options?: StartOptions
  readonly tell: (trio: Trio) => Promise<void>
}

const services = { Counter }

/** Publish and subscribe. */
export const pubsubStories: Readonly<Record<string, Story>> = {
  'a broadcast reaches who listens, in order, on every channel': {
    tell: async ({ a, b, c }) => {
      const heard: string[] = []
      for (const channel of ['control', 'events', 'telemetry', 'bulk']) {
        for (const node of [b, c]) {
          await node.pubsub.subscribe(`${channel}.>`, (message) => {
            heard.push(`${node.name} ${channel} ${String(message)}`)
          }).ready
        }
        for (let at = 0; at < 100; at++)
          await a.pubsub.broadcast(`${channel}.x.${String(at % 3)}`, at)
      }
      await until('all arrived', () => heard.length === 800, 15_000)
      for (const node of ['b', 'c']) {
        const events = heard.filter((line) => line.startsWith(`${node} events `))
        const expected = Array.from({ length: 100 }, (_, at) => `${node} events ${String(at)}`)
        assert.deepEqual(events, expected)
      }
    },
  },
  'a message goes to one node, whatever it listens to, or fails': {
    tell: async ({ a, b }) => {
      const heard: unknown[] = []
      b.pubsub.subscribe('control.reload', (message) => heard.push(message))
      await a.pubsub.directBroadcast('b', 'control.reload', new Map([['at', 1n]]))
      await until('it arrived', () => heard.length === 1)
      assert.deepEqual(heard, [new Map([['at', 1n]])])
      await assert.rejects(a.pubsub.directBroadcast('nobody', 'control.reload', 1), {
        code: 'FND_NODE_UNKNOWN',
      })
    },
  },
  'two patterns that match one topic get the message once each': {
    tell: async ({ a, b }) => {
      const heard: string[] = []
      await b.pubsub.subscribe('events.*.x', () => heard.push('star')).ready
      await b.pubsub.subscribe('events.>', () => heard.push('rest')).ready
      await a.pubsub.broadcast('events.q.x', 1)
      await until('both are told', () => heard.length >= 2)
      await a.pubsub.broadcast('events.q.y', 1)
      await until('the rest is told', () => heard.length >= 3)
      assert.deepEqual(heard.toSorted(), ['rest', 'rest', 'star'])
    },
  },
  'a body of some megabytes arrives whole': {
    tell: async ({ a, b }) => {
      const body = Buffer.alloc(5_000_000, 'foundation')
      const arrived = new Promise<unknown>((resolve) => {
        void b.pubsub
          .subscribe('bulk.file', resolve)
          .ready.then(() => a.pubsub.broadcast('bulk.file', body))
      })
      assert.ok(body.equals((await arrived) as Buffer))
    },
  },
}

/** Calls. */
export const rpcStories: Readonly<Record<string, Story>> = {
  'a call is answered, fails, or ends by its deadline': {
    tell: async ({ a, b }) => {
      b.rpc.handle('double', (n: number) => n * 2)
      b.rpc.handle('fail', () => {
        throw new TypeError('on purpose')
      })
      b.rpc.handle('hang', () => new Promise(() => undefined))
      assert.equal(await a.rpc.call('b', 'double', 21), 42)
      await assert.rejects(a.rpc.call('b', 'fail', 1), { remoteName: 'TypeError' })
      await assert.rejects(a.rpc.call('b', 'hang', 1, { timeoutMs: 100 }), {
        code: 'FND_TIMED_OUT',
      })
      await assert.rejects(a.rpc.call('b', 'none', 1), { code: 'FND_HANDLER_UNKNOWN' })
      const all = await a.rpc.multicall('double', 1, { nodes: ['b', 'c'] })
      assert.equal(all.filter((outcome) => 'value' in outcome).length, 1)
    },
  },
}

/** Names. */
export const registryStories: Readonly<Record<string, Story>> = {
  'of concurrent registrations exactly one wins, and all agree': {
    tell: async ({ a, b, c }) => {
      const nodes = [a, b, c]
      for (let round = 0; round < 20; round++) {
        const name = `name-${String(round)}`
        const outcomes = await Promise.all(
          nodes.map(async (node) => {
            try {
              await node.registry.register(name, { who: () => node.name })
              return 'won'
            } catch (error) {
              return isFoundationError(error) ? error.code : 'another error'
            }
          }),
        )
        assert.deepEqual(outcomes.toSorted(), ['FND_NAME_TAKEN', 'FND_NAME_TAKEN', 'won'])
        const winner = nodes[outcomes.indexOf('won')]?.name
        await until('all know', () =>
          nodes.every((node) => node.registry.lookup(name)?.node === winner),
        )
        for (const node of nodes) {
          assert.equal(await node.registry.get<{ who(): string }>(name).who(), winner)
        }
      }
    },
  },
  'no message overtakes what its sender has said of itself just before': {
    tell: async ({ a, b, c }) => {
      const seen: string[] = []
      for (const node of [b, c]) {
        await node.pubsub.subscribe('events.joined', (round) => {
          const members = node.registry.members(`room-${String(round)}`)
          seen.push(`${String(round)} ${String(members.length)}`)
        }).ready
      }
      for (let round = 0; round < 20; round++) {
        a.registry.join(`room-${String(round)}`)
        await a.pubsub.broadcast('events.joined', round)
      }
      await until('all are told', () => seen.length === 40)
      assert.deepEqual(
        seen.filter((line) => !line.endsWith(' 1')),
        [],
      )
    },
  },
  'names go with their node, and calls to them fail at once': {
    tell: async ({ a, b }) => {
      await b.registry.register('mailer', { send: () => 'sent' })
      await until('it is known', () => a.registry.lookup('mailer') !== undefined)
      const mailer = a.registry.get<{ send(): string }>('mailer')
      assert.equal(await mailer.send(), 'sent')
      await b.stop()
      await until('it is gone', () => a.registry.lookup('mailer') === undefined)
      await assert.rejects(mailer.send(), (error) => isFoundationError(error))
    },
  },
}

/** Children. */
export const supervisorStories: Readonly<Record<string, Story>> = {
  'children are spread, moved with their state, and run elsewhere when their node leaves': {
    options: { services },
    tell: async ({ a, b, c }) => {
      const ids = Array.from({ length: 12 }, (_, at) => `counter:${String(at)}`)
      await Promise.all(ids.map((id) => a.supervisor.startChild({ id, service: 'Counter' })))
      const { byNode } = a.supervisor.count()
      assert.ok(
        Object.values(byNode).every((count) => count <= 6),
        JSON.stringify(byNode),
      )
      const before = await b.supervisor.get<Counter>('counter:0').add(41)
      const to = before.node === 'b' ? 'a' : 'b'
      await a.supervisor.move('counter:0', to)
      assert.deepEqual(await b.supervisor.get<Counter>('counter:0').add(1), { value: 42, node: to })
      await c.stop()
      const isMoved = (): boolean => {
        const running = a.supervisor.which({ state: 'running' })
        return running.length === ids.length && running.every(({ node }) => node !== 'c')
      }
      await until('all run on those who stay', isMoved, 15_000)
      assert.equal((await b.supervisor.get<Counter>('counter:0').add(1)).value, 43)
    },
  },
  'the same order twice is one child, another order of that id is refused': {
    options: { services },
    tell: async ({ a, b }) => {
      const order = { id: 'one', service: 'Counter', args: { start: 1 } }
      const [first, second] = await Promise.all([
        a.supervisor.startChild(order),
        b.supervisor.startChild(order),
      ])
      assert.equal(first.node, second.node)
      await assert.rejects(b.supervisor.startChild({ ...order, args: { start: 2 } }), {
        code: 'FND_CHILD_EXISTS',
      })
    },
  },
}

/** Events. */
export const eventStories: Readonly<Record<string, Story>> = {
  'an event emitted on one node can be found on another': {
    tell: async ({ a, b }) => {
      await a.events.emitDistributed('order.created', { id: 1 }, { correlationId: 'c-1' })
      const find = (): number => b.events.query({ correlationId: 'c-1' }).length
      await until('it is in the history', () => find() === 1)
      assert.equal(b.events.query({ type: 'order.created' })[0]?.data !== undefined, true)
    },
  },
}

/** Settings. */
export const configStories: Readonly<Record<string, Story>> = {
  'a commit is accepted everywhere, or refused everywhere by the say of one': {
    tell: async ({ a, b, c }) => {
      b.config.validate('limits.orders', (value) => {
        if (Number(value) > 100) throw new Error('at most 100')
      })
      await a.config.commit('limits.orders', 80)
      assert.deepEqual(
        [a, b, c].map((node) => node.config.get('limits.orders')),
        [80, 80, 80],
      )
      await assert.rejects(a.config.commit('limits.orders', 1000), { code: 'FND_CONFIG_REFUSED' })
      assert.deepEqual(
        [a, b, c].map((node) => node.config.get('limits.orders')),
        [80, 80, 80],
      )
    },
  },
  'a setting reaches every node, and the last writer wins': {
    tell: async ({ a, b, c }) => {
      await a.config.set('theme', 'dark')
      await until('b has it', () => b.config.get('theme') === 'dark')
      await b.config.set('theme', 'light')
      await until('all have it', () =>
        [a, b, c].every((node) => node.config.get('theme') === 'light'),
      )
    },
  },
}
