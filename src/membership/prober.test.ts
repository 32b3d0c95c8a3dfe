import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLog, systemHost } from '../kernel/index.ts'
import { VirtualClock } from '../testing/index.ts'
import { Router, type Inbound } from '../transport/index.ts'
import {
  probeAckMessage,
  probeMessage,
  probeReportMessage,
  probeRequestMessage,
} from './messages.ts'
import { Prober } from './prober.ts'

interface Bench {
  readonly clock: VirtualClock
  readonly prober: Prober
  /** What was sent: receiver and payload. */
  readonly sent: { readonly to: string; readonly payload: Uint8Array }[]
  readonly reached: string[]
  readonly receive: (from: string, payload: Uint8Array) => void
}

/** A prober linked with incarnation 1 of `b`. */
function bench(): Bench {
  const clock = new VirtualClock({ seed: 1 })
  const sent: { to: string; payload: Uint8Array }[] = []
  const reached: string[] = []
  const transport = {
    send: (to: string, _class: string, payload: Uint8Array): 'accepted' => {
      sent.push({ to, payload })
      return 'accepted'
    },
    whenWritable: () => Promise.resolve(),
    capabilities: undefined as never,
  }
  const router = new Router({ transport, host: systemHost, log: silentLog })
  const prober = new Prober(
    {
      router,
      host: clock.host('a'),
      linkedIncarnation: (name) => (name === 'b' ? '1' : undefined),
      reached: (target) => reached.push(target),
    },
    { probeTimeoutMs: 500 },
  )
  const frame: Omit<Inbound, 'from' | 'payload'> = { class: 'control', epoch: 1, sequence: 1 }
  return {
    ...{ clock, prober, sent, reached },
    receive: (from, payload) => {
      router.receive({ ...frame, from, payload })
    },
  }
}

describe('Prober', () => {
  it('takes an answer only from the peer it asked, and only in time', async () => {
    const { clock, prober, receive } = bench()
    const [first, second] = [prober.probe('b'), prober.probe('b')]
    receive('c', probeAckMessage.encode({ id: 1 }))
    receive('b', probeAckMessage.encode({ id: 2 }))
    await clock.advance(501)
    receive('b', probeAckMessage.encode({ id: 1 }))
    assert.deepEqual([await first, await second], [false, true])
  })

  it('probes for others only the incarnation it has a link to', async () => {
    const { clock, sent, receive } = bench()
    receive('c', probeRequestMessage.encode({ id: 9, target: 'b', incarnation: '2' }))
    receive('c', probeRequestMessage.encode({ id: 8, target: 'b', incarnation: '1' }))
    await clock.advance(501)
    assert.deepEqual(
      sent.map(({ to, payload }) => [to, Buffer.from(payload)]),
      [
        ['c', probeReportMessage.encode({ id: 9, reached: false })],
        ['b', probeMessage.encode({ id: 1 })],
        ['c', probeReportMessage.encode({ id: 8, reached: false })],
      ],
    )
  })

  it('believes a report once, from the helper it asked, in time', async () => {
    const { clock, prober, reached, receive } = bench()
    prober.ask('d', '1', ['b', 'c'])
    receive('c', probeReportMessage.encode({ id: 1, reached: true }))
    assert.deepEqual(reached, [])
    receive('b', probeReportMessage.encode({ id: 1, reached: true }))
    receive('b', probeReportMessage.encode({ id: 1, reached: true }))
    await clock.advance(1_001)
    receive('c', probeReportMessage.encode({ id: 2, reached: true }))
    assert.deepEqual(reached, ['d'])
  })

  it('answers "not reached" beyond its bound of open probes', async () => {
    const { prober } = bench()
    const open = Array.from({ length: 1_024 }, () => prober.probe('b'))
    assert.equal(await prober.probe('b'), false)
    prober.stop()
    assert.ok((await Promise.all(open)).every((isReached) => !isReached))
  })
})
