import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { downAfterMs, FailureDetector, type DetectorEffect } from './failure-detector.ts'

const options = { suspectAfterMs: 2_000, downAfterMs: 4_000 }

/** Ticks a detector of one linked peer `b` that is silent since `heardAtMs`. */
function tick(
  detector: FailureDetector,
  nowMs: number,
  { heardAtMs = 0, multiplier = 1 } = {},
): string[] {
  const silentMs = (): number => nowMs - heardAtMs
  return inWords(detector.tick({ nowMs, silentMs, multiplier }))
}

function inWords(effects: readonly DetectorEffect[]): string[] {
  return effects.map((effect) =>
    'cause' in effect ? `${effect.effect} ${effect.cause}` : effect.effect,
  )
}

function watching(): FailureDetector {
  const detector = new FailureDetector(options)
  detector.linkUp('b', 0)
  return detector
}

describe('FailureDetector: silence', () => {
  it('suspects after suspectAfterMs and gives up after downAfterMs', () => {
    const detector = watching()
    assert.deepEqual(tick(detector, 1_999), [])
    assert.deepEqual(tick(detector, 2_000), ['suspect silent', 'probe'])
    assert.deepEqual(tick(detector, 2_250), [])
    assert.deepEqual(tick(detector, 3_000), ['probe'])
    assert.deepEqual(tick(detector, 3_999), [])
    assert.deepEqual(tick(detector, 4_000), ['probe', 'down unreachable'])
    assert.deepEqual(tick(detector, 9_000), [])
  })

  it('takes any frame as a sign of life', () => {
    const detector = watching()
    tick(detector, 2_500)
    assert.deepEqual(tick(detector, 3_000, { heardAtMs: 2_900 }), ['alive'])
    assert.deepEqual(tick(detector, 4_800, { heardAtMs: 2_900 }), [])
  })

  it('does not take the error of a clock reading for a sign of life', () => {
    const detector = watching()
    tick(detector, 2_000)
    // The same last frame, a little later on each reading.
    assert.deepEqual(tick(detector, 2_250, { heardAtMs: 0.004 }), [])
    assert.deepEqual(tick(detector, 3_000, { heardAtMs: 0.009 }), ['probe'])
    assert.deepEqual(tick(detector, 4_001, { heardAtMs: 0.01 }), ['probe', 'down unreachable'])
  })

  it('waits longer in a large cluster', () => {
    assert.equal(downAfterMs(options, 3), 4_000)
    assert.equal(downAfterMs(options, 10), 4_000)
    assert.equal(downAfterMs(options, 100), 8_000)
  })

  it('stretches deadlines by local health, and gives a suspect its time when they shrink', () => {
    const detector = watching()
    assert.deepEqual(tick(detector, 5_900, { multiplier: 3 }), [])
    assert.deepEqual(tick(detector, 6_000, { multiplier: 3 }), ['suspect silent', 'probe'])
    assert.deepEqual(tick(detector, 6_250), [])
    assert.deepEqual(tick(detector, 8_000), ['probe', 'down unreachable'])
  })

  it('counts no silence while this node was held up', () => {
    const detector = watching()
    detector.postpone(10_000, 10_250)
    assert.deepEqual(tick(detector, 10_250), [])
    assert.deepEqual(tick(detector, 12_000), ['suspect silent', 'probe'])
  })

  it('does not take its own delay for a sign of life', () => {
    const detector = watching()
    tick(detector, 2_000)
    detector.postpone(3_000, 5_250)
    assert.deepEqual(tick(detector, 5_250), ['probe'])
    assert.deepEqual(tick(detector, 7_000), ['probe', 'down unreachable'])
  })
})

describe('FailureDetector: evidence', () => {
  it('keeps a member others reach, ends its dead link, and gives up when they no longer do', () => {
    const detector = watching()
    tick(detector, 2_000)
    assert.deepEqual(inWords(detector.reached('b', 2_100)), ['suspect indirect'])
    assert.deepEqual(inWords(detector.reached('b', 3_100)), [])
    assert.deepEqual(tick(detector, 4_000), ['probe', 'close'])
    detector.linkDown('b', 4_000, 'nothing')
    assert.deepEqual(tick(detector, 7_000), ['probe'])
    assert.deepEqual(tick(detector, 7_100), ['down unreachable'])
  })

  it('believes a refused dial at once, but not while there is a link', () => {
    const detector = watching()
    assert.deepEqual(detector.refused('b'), [])
    detector.linkDown('b', 100, 'end')
    assert.deepEqual(inWords(detector.refused('b')), ['down crashed'])
    assert.deepEqual(detector.refused('b'), [])
  })

  it('tells an orderly stop from a crash', () => {
    const detector = watching()
    detector.linkDown('b', 100, 'goodbye')
    assert.deepEqual(inWords(detector.refused('b')), ['down stopped'])
  })

  it('accepts a refutation only with a higher counter', () => {
    const detector = watching()
    tick(detector, 2_000)
    assert.deepEqual(inWords(detector.refuted('b', 1, 2_100)), ['alive'])
    assert.equal(detector.counterOf('b'), 1)
    tick(detector, 4_100)
    assert.deepEqual(detector.refuted('b', 1, 4_200), [])
    assert.deepEqual(inWords(detector.refuted('b', 2, 4_200)), ['alive'])
  })

  it('calls off a suspicion when the link is made again', () => {
    const detector = watching()
    detector.linkDown('b', 0, 'end')
    assert.deepEqual(tick(detector, 2_500), ['suspect silent', 'probe'])
    assert.deepEqual(inWords(detector.linkUp('b', 2_600)), ['alive'])
    assert.deepEqual(tick(detector, 4_500, { heardAtMs: 2_600 }), [])
  })
})

type Input =
  | {
      readonly is: 'pass'
      readonly ms: number
      readonly multiplier: number
      readonly late: boolean
    }
  | { readonly is: 'heard' | 'reached' | 'refute' | 'refused' | 'linkUp' | 'lost' | 'silent' }

const inputs: fc.Arbitrary<Input> = fc.oneof(
  fc.record({
    is: fc.constant('pass' as const),
    ms: fc.integer({ min: 1, max: 3_000 }),
    multiplier: fc.double({ min: 1, max: 8, noNaN: true }),
    late: fc.boolean(),
  }),
  fc.record({
    is: fc.constantFrom('heard', 'reached', 'refute', 'refused', 'linkUp', 'lost', 'silent'),
  }),
)

/** What a detector is told, and what is true of the peer. */
class Story {
  readonly detector: FailureDetector = watching()
  nowMs = 0
  heardAtMs = 0
  evidenceAtMs = 0
  isLinked = true
  counter = 0

  tell(input: Input): DetectorEffect[] {
    if (input.is === 'pass') return this.#pass(input)
    if (input.is === 'refused') return this.detector.refused('b')
    if (input.is === 'reached') return this.#reached()
    if (input.is === 'linkUp') return this.#linkUp()
    if (input.is === 'lost' || input.is === 'silent') return this.#linkDown(input.is)
    if (!this.isLinked) return []
    this.heardAtMs = this.evidenceAtMs = this.nowMs
    return input.is === 'refute' ? this.detector.refuted('b', (this.counter += 1), this.nowMs) : []
  }

  #pass({ ms, multiplier, late }: Input & { is: 'pass' }): DetectorEffect[] {
    this.nowMs += ms
    if (late) this.detector.postpone(ms, this.nowMs)
    const silentMs = (): number => this.nowMs - this.heardAtMs
    return this.detector.tick({ nowMs: this.nowMs, silentMs, multiplier })
  }

  #reached(): DetectorEffect[] {
    const isSuspect = this.detector.suspicions(this.nowMs).length > 0
    if (isSuspect) this.evidenceAtMs = this.nowMs
    return this.detector.reached('b', this.nowMs)
  }

  #linkUp(): DetectorEffect[] {
    this.isLinked = true
    this.heardAtMs = this.evidenceAtMs = this.nowMs
    return this.detector.linkUp('b', this.nowMs)
  }

  #linkDown(how: 'lost' | 'silent'): DetectorEffect[] {
    if (this.isLinked && how === 'lost') this.evidenceAtMs = this.nowMs
    this.isLinked = false
    this.detector.linkDown('b', this.nowMs, how === 'lost' ? 'end' : 'nothing')
    return []
  }
}

describe('FailureDetector: whatever happens', () => {
  it('gives up only after downAfterMs without evidence, or a refused dial without a link', () => {
    fc.assert(
      fc.property(fc.array(inputs, { maxLength: 60 }), (story) => {
        const told = new Story()
        for (const input of story) {
          for (const effect of told.tell(input)) {
            if (effect.effect !== 'down') continue
            if (input.is === 'refused') assert.ok(!told.isLinked)
            else assert.ok(told.nowMs - told.evidenceAtMs >= options.downAfterMs)
          }
        }
      }),
      { numRuns: 500 },
    )
  })

  it('alternates: suspect before alive, and before a verdict on silence', () => {
    fc.assert(
      fc.property(fc.array(inputs, { maxLength: 60 }), (story) => {
        const told = new Story()
        let status = 'alive'
        for (const input of story) {
          if (input.is === 'linkUp' && status === 'down') status = 'alive'
          for (const effect of told.tell(input)) {
            if (effect.effect === 'alive') assert.equal(status, 'suspect')
            if (effect.effect === 'down' && effect.cause === 'unreachable') {
              assert.equal(status, 'suspect')
            }
            if (effect.effect === 'probe' || effect.effect === 'close') continue
            status = effect.effect
          }
        }
      }),
      { numRuns: 500 },
    )
  })

  it('never ends a refuted suspicion in a verdict on the same silence', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2_000, max: 3_999 }), (refutedAtMs) => {
        const detector = watching()
        tick(detector, 2_000)
        detector.refuted('b', 1, refutedAtMs)
        assert.deepEqual(tick(detector, refutedAtMs + 1_999), [])
      }),
    )
  })
})
