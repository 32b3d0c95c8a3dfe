import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FoundationError } from '../../kernel/index.ts'
import { VirtualClock } from '../../testing/index.ts'
import { Readiness } from './readiness.ts'

function begin(): { clock: VirtualClock; readiness: Readiness } {
  const clock = new VirtualClock({ seed: 1 })
  return { clock, readiness: new Readiness(clock.host('a'), { stableMarginMs: 500 }) }
}

/** When the wait was over, by the clock. */
function endOf(wait: Promise<void>, clock: VirtualClock): { atMs: number | undefined } {
  const end: { atMs: number | undefined } = { atMs: undefined }
  const mark = (): void => {
    end.atMs = clock.nowMs
  }
  wait.then(mark, mark)
  return end
}

describe('Readiness', () => {
  it('begins the margin anew with each change', async () => {
    const { clock, readiness } = begin()
    const end = endOf(readiness.wait({ minPeers: 1 }), clock)
    readiness.alive(1)
    await clock.advance(400)
    readiness.alive(2)
    await clock.advance(400)
    assert.equal(end.atMs, undefined)
    readiness.alive(2)
    await clock.advance(200)
    assert.equal(end.atMs, 900)
  })

  it('is not served while too few are alive', async () => {
    const { clock, readiness } = begin()
    const end = endOf(readiness.wait({ minPeers: 2 }), clock)
    readiness.alive(2)
    await clock.advance(300)
    readiness.alive(1)
    await clock.advance(5_000)
    assert.equal(end.atMs, undefined)
  })

  it('fails everybody who waits', async () => {
    const { readiness } = begin()
    const waiting = readiness.wait({ minPeers: 1 })
    readiness.fail(new FoundationError('FND_NOT_RUNNING', 'stopped'))
    await assert.rejects(waiting, { code: 'FND_NOT_RUNNING' })
  })

  it('ends with the reason of an abort', async () => {
    const { readiness } = begin()
    const abort = new AbortController()
    const waiting = readiness.wait({ minPeers: 1, signal: abort.signal })
    abort.abort(new Error('enough'))
    await assert.rejects(waiting, /enough/)
  })
})
