import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CreditMeter, CreditWindow, creditDefaults } from './credit.ts'
import { RoundTrip } from './round-trip.ts'

const kibibyte = 1024

/** A link with one queue; bulk through it is as much as the window lets. Steps of one millisecond. */
class Bottleneck {
  readonly window = new CreditWindow(creditDefaults)
  readonly #bytesPerMs: number
  readonly #oneWayMs: number
  readonly #trip = new RoundTrip()
  readonly #noiseMs: (nowMs: number) => number
  #queueBytes = 0
  #deliveredBytes = 0
  readonly #credits: { atMs: number; totalBytes: number }[] = []
  readonly controlMs: number[] = []
  #nowMs = 0
  #ping = { tookMs: 0, backAtMs: 0 }

  constructor(
    link: { megabits: number; roundTripMs: number },
    noiseMs: (nowMs: number) => number = () => 0,
  ) {
    this.#bytesPerMs = (link.megabits * 1000) / 8
    this.#oneWayMs = link.roundTripMs / 2
    this.#noiseMs = noiseMs
  }

  /** Runs; returns the share of the link that was used. */
  run(milliseconds: number): number {
    const before = this.#deliveredBytes
    for (let i = 0; i < milliseconds; i++) this.#step()
    return (this.#deliveredBytes - before) / (this.#bytesPerMs * milliseconds)
  }

  #step(): void {
    this.#nowMs += 1
    const isDue = ({ atMs }: { atMs: number }): boolean => atMs <= this.#nowMs
    for (const { totalBytes } of this.#credits.filter(isDue)) this.window.credited(1, totalBytes)
    this.#credits.splice(0, this.#credits.filter(isDue).length)
    while (this.window.hasRoom()) {
      this.window.sent(16 * kibibyte)
      this.#queueBytes += 16 * kibibyte
    }
    const leaving = Math.min(this.#queueBytes, this.#bytesPerMs)
    this.#queueBytes -= leaving
    this.#deliveredBytes += leaving
    const totalBytes = Math.floor(this.#deliveredBytes)
    this.#credits.push({ atMs: this.#nowMs + 2 * this.#oneWayMs, totalBytes })
    const roundTripMs = 2 * this.#oneWayMs + this.#queueBytes / this.#bytesPerMs
    this.controlMs.push(roundTripMs)
    this.#probe(roundTripMs)
  }

  /** One ping at a time; what it measured is known when it is back. */
  #probe(roundTripMs: number): void {
    if (this.#nowMs === this.#ping.backAtMs) {
      this.window.sample(this.#trip.sample(this.#ping.tookMs, this.#nowMs), this.#nowMs)
    }
    if (this.#nowMs < this.#ping.backAtMs || this.#nowMs % 50 !== 0) return
    const tookMs = roundTripMs + this.#noiseMs(this.#nowMs)
    this.#ping = { tookMs, backAtMs: this.#nowMs + Math.ceil(tookMs) }
  }
}

function bottleneck(...args: ConstructorParameters<typeof Bottleneck>): Bottleneck {
  const link = new Bottleneck(...args)
  link.window.restart(1)
  return link
}

describe('CreditWindow on a simulated link', () => {
  for (const [megabits, roundTripMs] of [
    [100, 20],
    [20, 60],
    [1_000, 5],
    [50, 100],
  ] as const) {
    it(`of ${String(megabits)} Mbit and ${String(roundTripMs)} ms: fills it and keeps the queue short`, () => {
      const link = bottleneck({ megabits, roundTripMs })
      link.run(10_000)
      link.controlMs.length = 0
      assert.ok(link.run(40_000) > 0.9)
      const p99 = link.controlMs.toSorted((a, b) => a - b)[Math.floor(40_000 * 0.99)] ?? Infinity
      // One part that leaves at once is a queue of its own.
      const burstMs = (16 * kibibyte * 8) / 1000 / megabits
      assert.ok(p99 < roundTripMs + 7 + burstMs, `p99 ${String(p99)} ms`)
    })
  }

  it('with busy processes, late in one sample of five: still fills it', () => {
    const noiseMs = (nowMs: number): number => ((nowMs / 50) % 5 === 0 ? 25 : 0)
    const link = bottleneck({ megabits: 100, roundTripMs: 20 }, noiseMs)
    link.run(10_000)
    assert.ok(link.run(20_000) > 0.85)
  })

  it('stays within its bounds when the round trip never rises, or is always long', () => {
    const link = bottleneck({ megabits: 100_000, roundTripMs: 40 })
    link.run(20_000)
    assert.ok(link.window.windowBytes > creditDefaults.maxBytes / 4)
    assert.ok(link.window.windowBytes <= creditDefaults.maxBytes)
    for (let i = 0; i < 200; i++) {
      link.window.sent(1)
      link.window.sample({ baseMs: 1, recentMs: 100, lastingMs: 100 }, 0)
    }
    assert.equal(link.window.windowBytes, creditDefaults.minBytes)
  })

  it('stays small on a short way, where more in flight only makes turns long', () => {
    for (const [roundTripMs, largest] of [
      [0.3, creditDefaults.shortWayBytes],
      [2, 2 * creditDefaults.maxBytesPerMs],
    ] as const) {
      const link = bottleneck({ megabits: 100_000, roundTripMs })
      link.run(5_000)
      assert.equal(link.window.windowBytes, largest)
    }
  })
})

describe('CreditWindow', () => {
  it('lets out its bytes and no more until credit comes', () => {
    const window = new CreditWindow(creditDefaults)
    window.restart(1)
    window.sent(creditDefaults.startBytes)
    assert.ok(!window.hasRoom())
    assert.ok(window.credited(1, 1))
    assert.ok(window.hasRoom())
  })

  it('ignores late credit of a connection before, and refuses credit nobody can give', () => {
    const window = new CreditWindow(creditDefaults)
    window.restart(2)
    window.sent(100)
    assert.ok(window.credited(1, 5_000))
    assert.equal(window.inFlightBytes, 100)
    assert.ok(!window.credited(2, 101))
    assert.ok(!window.credited(3, 1))
    window.credited(2, 80)
    window.credited(2, 70)
    assert.equal(window.inFlightBytes, 20)
  })

  it('does not grow while it is not in the way', () => {
    const window = new CreditWindow(creditDefaults)
    window.restart(1)
    window.sent(100)
    for (let i = 0; i < 100; i++) window.sample({ baseMs: 1, recentMs: 0, lastingMs: 0 }, i)
    assert.equal(window.windowBytes, creditDefaults.startBytes)
  })
})

describe('CreditMeter', () => {
  it('tells the total and owes only what came since', () => {
    const meter = new CreditMeter()
    meter.restart(3)
    meter.took(10)
    meter.took(5)
    assert.equal(meter.owedBytes, 15)
    assert.equal(meter.tell(), 15)
    meter.took(1)
    assert.equal(meter.owedBytes, 1)
    meter.restart(4)
    assert.deepEqual([meter.owedBytes, meter.generation], [0, 4])
  })
})
