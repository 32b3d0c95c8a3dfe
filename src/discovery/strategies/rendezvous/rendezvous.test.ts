import assert from 'node:assert/strict'
import { it } from 'node:test'
import { VirtualClock } from '../../../testing/virtual-host.ts'
import { loneContext, PretendedNode, selfInfo } from '../../discovery-kit.test.ts'
import type { StrategyEvent } from '../../port/port.ts'
import type { MeetingEntry, MeetingHandlers, MeetingPlace } from './meeting-place.ts'
import { Rendezvous } from './rendezvous.ts'
import { RendezvousStrategy } from './strategy.ts'

const intervalMs = 1_000

it('rendezvous: nodes see each other, a newcomer at once and without a beat', async () => {
  const server = new PretendedServer()
  const [a, b] = [server.visitor('a'), server.visitor('b')]
  a.start()
  await server.clock.advance(5_000)
  b.start()
  await server.clock.advance(20)
  assert.deepEqual([a.seen(), b.seen()], [['b'], ['a']])
  await server.end()
})

it('rendezvous: a goodbye is heard at once and leaves no entry', async () => {
  const server = new PretendedServer()
  const [a, b] = [server.visitor('a'), server.visitor('b')]
  a.start()
  b.start()
  await server.clock.advance(5_000)
  void b.run.stop()
  await server.clock.advance(50)
  assert.deepEqual(a.gone(), ['b goodbye'])
  assert.equal(server.entries.size, 1)
  await server.end()
})

it('rendezvous: a node that died is gone after three missed beats, not earlier', async () => {
  const server = new PretendedServer()
  const [a, b] = [server.visitor('a'), server.visitor('b')]
  a.start()
  b.start()
  await server.clock.advance(10_000)
  server.clock.killed('b')
  await server.clock.advance(1_700)
  assert.deepEqual(a.gone(), [])
  await server.clock.advance(2_600)
  assert.deepEqual(a.gone(), ['b expired'])
  await server.end()
})

it('rendezvous: a server that is away changes nothing but the health, and all come back', async () => {
  const server = new PretendedServer()
  const [a, b] = [server.visitor('a'), server.visitor('b')]
  a.start()
  b.start()
  await server.clock.advance(5_000)
  server.breakDown('ECONNRESET')
  await server.clock.advance(60_000)
  assert.deepEqual(a.gone(), [])
  assert.match(
    a.health().at(-1) ?? '',
    /^degraded the place: ECONNRESET|^degraded the place: no server/,
  )
  // It comes back without anything it knew.
  server.entries.clear()
  server.isUp = true
  await server.clock.advance(20_000)
  assert.match(a.health().at(-1) ?? '', /^ok/)
  assert.deepEqual([a.gone(), b.gone()], [[], []])
  assert.equal(server.entries.size, 2)
  await server.end()
})

it('rendezvous: a server that does not answer is given up after 5 s', async () => {
  const server = new PretendedServer()
  const a = server.visitor('a')
  server.answers = false
  a.start()
  await server.clock.advance(4_900)
  assert.deepEqual(a.health(), [])
  await server.clock.advance(200)
  assert.match(a.health()[0] ?? '', /^degraded the place: connecting took longer than 5000 ms/)
  server.answers = true
  await server.clock.advance(20_000)
  assert.match(a.health().at(-1) ?? '', /^ok/)
  await server.end()
})

it('rendezvous: a stop does not wait for a server that does not answer', async () => {
  const server = new PretendedServer()
  const a = server.visitor('a')
  a.start()
  await server.clock.advance(2_000)
  server.answers = false
  const stopped = a.run.stop()
  await server.clock.advance(1_100)
  await stopped
  assert.equal(server.open, 0)
  await server.end()
})

it('rendezvous: a namesake is news, the own entry is not', async () => {
  const server = new PretendedServer()
  const a = server.visitor('a')
  a.start()
  await server.clock.advance(5_000)
  assert.deepEqual(a.seen(), [])
  server.put('a', { incarnation: '200-a', port: 1 })
  await server.clock.advance(3_000)
  assert.deepEqual(a.seen(), ['a'])
  server.tell({ kind: 'bye', name: 'a', incarnation: '200-a', addresses: ['10.0.0.9:1'] })
  await server.clock.advance(10)
  assert.deepEqual(a.gone(), ['a goodbye'])
  await server.end()
})

it('rendezvous: a restarted node is news, its former entry and late words are not', async () => {
  const server = new PretendedServer()
  const a = server.visitor('a')
  a.start()
  await server.clock.advance(5_000)
  server.put('b', { incarnation: '100-b', port: 1 })
  server.put('b', { incarnation: '200-b', port: 2 })
  await server.clock.advance(3_000)
  server.tell({ kind: 'bye', name: 'b', incarnation: '100-b', addresses: ['10.0.0.9:1'] })
  await server.clock.advance(10)
  assert.deepEqual(a.gone(), [])
  const [last] = a.events.filter((event) => event.type === 'seen').slice(-1)
  assert.equal(last?.type === 'seen' && last.peer.port, 2)
  await server.end()
})

it('rendezvous: an address that changes is told at once', async () => {
  const server = new PretendedServer()
  const [a, b] = [server.visitor('a'), server.visitor('b')]
  a.start()
  b.start()
  await server.clock.advance(5_000)
  b.addresses[0] = '10.0.0.99:7000'
  await server.clock.advance(1_300)
  const [last] = a.events.filter((event) => event.type === 'seen').slice(-1)
  assert.equal(last?.type === 'seen' && last.peer.host, '10.0.0.99')
  await server.end()
})

it('rendezvous: what others wrote there is looked at before it is believed', async () => {
  const server = new PretendedServer()
  const a = server.visitor('a')
  a.start()
  for (const text of ['', '{}', '[1]', 'null', '{"kind":"here","name":1}', 'x'.repeat(9_999)]) {
    server.entries.set(text, { text, endsMs: Infinity })
    server.say(text)
  }
  await server.clock.advance(5_000)
  assert.deepEqual(a.seen(), [])
  assert.deepEqual(a.health(), [])
  await server.end()
})

it('rendezvous: a strategy that was stopped while it prepared starts nothing', async () => {
  const strategy = new RendezvousStrategy(() => Promise.reject(new Error('not now')))
  const { context } = loneContext()
  await assert.rejects(strategy.start(context), /not now/)
  await strategy.stop()
  const node = new PretendedNode({
    db: { strategy: 'redis', config: { url: 'redis://:hush@h:1' } },
  })
  assert.ok(!JSON.stringify(node.discovery.status()).includes('hush'))
})

interface Visitor {
  readonly run: Rendezvous
  readonly events: StrategyEvent[]
  readonly addresses: string[]
  start(): void
  seen(): string[]
  gone(): string[]
  health(): string[]
}

/** A server in memory, with a clock of its own, whose answers take a millisecond. */
class PretendedServer {
  readonly clock = new VirtualClock({ seed: 3 })
  readonly entries = new Map<string, { text: string; endsMs: number }>()
  readonly #listeners = new Map<MeetingHandlers, string>()
  readonly #visitors: Rendezvous[] = []
  isUp = true
  answers = true
  open = 0

  visitor(name: string): Visitor {
    const addresses = [`10.0.0.${String(this.#visitors.length + 1)}:7000`]
    const self = { ...selfInfo({ name, incarnation: `100-${name}` }), addresses }
    const { context, events } = loneContext({ host: this.clock.host(name), self })
    const connect = (): MeetingPlace => this.#place(name)
    const run = new Rendezvous(context, { what: 'the place', intervalMs, connect })
    this.#visitors.push(run)
    const start = (): void => {
      run.start()
    }
    return {
      run,
      events,
      addresses,
      start,
      seen: () => [
        ...new Set(events.flatMap((one) => (one.type === 'seen' ? [one.peer.nodeName ?? ''] : []))),
      ],
      gone: () =>
        events.flatMap((one) =>
          one.type === 'gone' ? [`${one.peer.nodeName ?? ''} ${one.reason}`] : [],
        ),
      health: () =>
        events.flatMap((one) => (one.type === 'health' ? [`${one.state} ${one.detail}`] : [])),
    }
  }

  put(name: string, { incarnation, port }: { incarnation: string; port: number }): void {
    const text = JSON.stringify({
      kind: 'here',
      name,
      incarnation,
      addresses: [`10.0.0.9:${String(port)}`],
    })
    this.entries.set(`${name} ${incarnation}`, { text, endsMs: Infinity })
  }

  tell(announcement: object): void {
    this.say(JSON.stringify(announcement))
  }

  say(text: string): void {
    for (const { heard } of this.#listeners.keys()) heard(text)
  }

  breakDown(words: string): void {
    this.isUp = false
    for (const { lost } of [...this.#listeners.keys()]) lost(new Error(words))
  }

  async end(): Promise<void> {
    this.answers = true
    const stops = this.#visitors.map((run) => run.stop())
    await this.clock.advance(3_000)
    void Promise.all(stops)
  }

  #place(node: string): MeetingPlace {
    const host = this.clock.host(node)
    let listener: MeetingHandlers | undefined
    const answer = <T>(work: () => T): Promise<T> =>
      new Promise((resolve, reject) => {
        if (!this.answers) return
        host.after(1, () => {
          if (this.isUp) resolve(work())
          else reject(new Error('no server'))
        })
      })
    const key = ({ name, incarnation }: MeetingEntry): string => `${name} ${incarnation}`
    this.open += 1
    return {
      open: (handlers) =>
        answer(() => {
          listener = handlers
          this.#listeners.set(handlers, node)
        }),
      write: (entry, ttlMs) =>
        answer(() => {
          this.entries.set(key(entry), { text: entry.text, endsMs: this.clock.nowMs + ttlMs })
        }),
      list: () =>
        answer(() =>
          [...this.entries.values()]
            .filter((one) => one.endsMs > this.clock.nowMs)
            .map(({ text }) => text),
        ),
      tell: (text) =>
        answer(() => {
          this.say(text)
        }),
      remove: (entry) =>
        answer(() => {
          this.entries.delete(key(entry))
        }),
      close: () => {
        this.open -= 1
        if (listener) this.#listeners.delete(listener)
        return Promise.resolve()
      },
    }
  }
}
