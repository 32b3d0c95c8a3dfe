import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLog } from '../kernel/index.ts'
import { Router, type Fanout, type Inbound } from '../transport/index.ts'
import { messageCodes } from '../wire/index.ts'
import { Fences } from './fences.ts'
import { VirtualHost } from './network-fixtures.ts'

const code = messageCodes.publish

/** The receiving and sending side of one node, whose peer's log is at `heard`. */
class Place {
  readonly host = new VirtualHost()
  readonly got: string[] = []
  readonly sent: Uint8Array[] = []
  heard = 0
  fence = 0
  readonly router: Router
  readonly fences: Fences
  #progressed: () => void = () => undefined

  constructor() {
    const send = (_peer: string, _class: string, payload: Uint8Array): 'accepted' => {
      this.sent.push(payload)
      return 'accepted'
    }
    const whenWritable = (): Promise<void> => Promise.resolve()
    const transport = { capabilities: undefined as never, send, whenWritable }
    this.router = new Router({ transport, host: this.host, log: silentLog })
    const ownerLog = {
      fenceFor: () => this.fence,
      fenceForAll: () => this.fence,
      hasHeard: (_owner: string, sequence: number) => this.heard >= sequence,
      onProgress: (listener: () => void) => {
        this.#progressed = listener
      },
    }
    const { router, host } = this
    const fanout: Fanout = {
      publish: (...[, , payload]) => send('everybody', 'events', payload),
      whenWritable,
      listen: whenWritable,
      unlisten: () => undefined,
    }
    this.fences = new Fences({ router, host, log: silentLog, ownerLog, fanout })
    this.fences.handle(code, (body, { from }) => {
      const text = Buffer.from(body).toString()
      if (text === 'bad') throw new Error('bad')
      this.got.push(`${from} ${text}`)
    })
  }

  /** One message for all, said by the engine's one send, comes from a peer. */
  comeToAll(from: string, text: string, fence: number): void {
    this.fence = fence
    const bytes = Buffer.from(text)
    const message = Buffer.concat([Buffer.from([code]), bytes])
    this.fences.fanout?.publish('events', 'events.x', message)
    const payload = this.sent.pop() ?? bytes
    this.router.receive({ from, class: 'events', epoch: 1, sequence: 1, payload })
  }

  /** A message with that fence (0: none) comes from a peer. */
  come(from: string, text: string, at: { fence?: number; class?: Inbound['class'] } = {}): void {
    this.fence = at.fence ?? 0
    const bytes = Buffer.from(text)
    this.fences.send('self', 'events', Buffer.concat([Buffer.from([code]), bytes]))
    const payload = this.sent.pop() ?? bytes
    this.router.receive({ from, class: at.class ?? 'events', epoch: 1, sequence: 1, payload })
  }

  hear(sequence: number): void {
    this.heard = sequence
    this.#progressed()
  }
}

describe('Fences', () => {
  it('leave messages as they are while every peer has this node’s names', () => {
    const place = new Place()
    const payload = Buffer.from([code, 1, 2])
    place.fences.send('b', 'events', payload)
    assert.equal(place.sent[0], payload)
  })

  it('hand a message on once the change it depends on is here, and not before', () => {
    const place = new Place()
    place.come('b', 'one', { fence: 7 })
    place.hear(6)
    assert.deepEqual(place.got, [])
    place.hear(7)
    assert.deepEqual(place.got, ['b one'])
    place.come('b', 'two', { fence: 7 })
    assert.deepEqual(place.got, ['b one', 'b two'])
  })

  it('keep the order of a peer and a class, and hold nobody else up', () => {
    const place = new Place()
    place.come('b', 'one', { fence: 7 })
    place.come('b', 'two')
    place.come('b', 'other class', { class: 'bulk' })
    place.come('c', 'other peer')
    place.come('b', 'three', { fence: 9 })
    place.come('b', 'four')
    assert.deepEqual(place.got, ['b other class', 'c other peer'])
    place.hear(7)
    assert.deepEqual(place.got.slice(2), ['b one', 'b two'])
    place.hear(9)
    assert.deepEqual(place.got.slice(4), ['b three', 'b four'])
    assert.equal(place.fences.held, 0)
  })

  it('hold up a message for all as one for this node, in one order with those', () => {
    const place = new Place()
    place.comeToAll('b', 'for all', 7)
    place.come('b', 'for us')
    place.comeToAll('b', 'for all again', 0)
    assert.deepEqual(place.got, [])
    place.hear(7)
    assert.deepEqual(place.got, ['b for all', 'b for us', 'b for all again'])
  })

  it('hand on what waited too long, and what came over a link that ends', async () => {
    const place = new Place()
    place.come('b', 'late', { fence: 7 })
    await place.host.advance(1_100)
    assert.deepEqual(place.got, ['b late'])
    place.come('b', 'last', { fence: 7 })
    place.fences.linkDown('c')
    assert.equal(place.fences.held, 1)
    place.fences.linkDown('b')
    assert.deepEqual(place.got, ['b late', 'b last'])
  })

  it('hold a bounded number: the oldest is handed on early', () => {
    const place = new Place()
    for (let at = 0; at <= 4_096; at++) place.come('b', String(at), { fence: 7 })
    assert.deepEqual(place.got, ['b 0'])
  })

  it('go on after a held message that its part refuses', () => {
    const place = new Place()
    place.come('b', 'bad', { fence: 7 })
    place.come('b', 'good')
    place.hear(7)
    assert.deepEqual(place.got, ['b good'])
  })

  it('refuse bytes that hold no message', () => {
    const place = new Place()
    for (const bytes of [[], [0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 1, messageCodes.probe]]) {
      const payload = Buffer.from([messageCodes.fenced, ...bytes])
      place.router.receive({ from: 'b', class: 'events', epoch: 1, sequence: 1, payload })
    }
    assert.equal(place.router.rejected, 3)
  })

  it('leave no timer when stopped', () => {
    const place = new Place()
    place.come('b', 'one', { fence: 7 })
    place.fences.stop()
    assert.equal(place.host.pending, 0)
  })
})
