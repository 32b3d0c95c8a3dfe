import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FoundationError, silentLog } from '../kernel/index.ts'
import type { ClusterEvent } from './cluster-event.ts'
import { EventHub } from './event-hub.ts'

const trouble: ClusterEvent = { type: 'trouble', error: new FoundationError('FND_TIMED_OUT', 'x') }
const gap: ClusterEvent = { type: 'gap', from: 'b', channel: 'events', count: 2 }

describe('EventHub', () => {
  it('tells each listener of a type until it is taken back', () => {
    const hub = new EventHub(silentLog)
    const counts: number[] = []
    const stop = hub.on('gap', ({ count }) => counts.push(count))
    hub.emit(gap)
    hub.emit(trouble)
    stop()
    stop()
    hub.emit(gap)
    assert.deepEqual(counts, [2])
  })

  it('goes on when a listener throws', () => {
    const errors: string[] = []
    const log = { ...silentLog, error: (_fields: object, message: string) => errors.push(message) }
    const hub = new EventHub(log)
    let told = 0
    hub.on('gap', () => {
      throw new Error('mine')
    })
    hub.on('gap', () => (told += 1))
    hub.emit(gap)
    assert.equal(told, 1)
    assert.deepEqual(errors, ['a cluster event listener threw'])
  })

  it('goes on when the promise of a listener rejects', async () => {
    const errors: unknown[] = []
    const log = { ...silentLog, error: (fields: object) => errors.push(fields) }
    const hub = new EventHub(log)
    const failure = new Error('mine')
    hub.on('gap', () => Promise.reject(failure))
    hub.emit(gap)
    await new Promise(setImmediate)
    assert.deepEqual(errors, [{ event: 'gap', error: failure }])
  })

  it('gives a stream that has ended once it is closed', async () => {
    const hub = new EventHub(silentLog)
    hub.close()
    assert.deepEqual(await collect(hub.watch()), [])
  })

  it('streams every event in order, and ends with the signal or the hub', async () => {
    const hub = new EventHub(silentLog)
    const aborter = new AbortController()
    const first = hub.watch({ signal: aborter.signal })
    const second = hub.watch()
    hub.emit(gap)
    aborter.abort()
    hub.emit(trouble)
    hub.close()
    assert.deepEqual(await collect(first), ['gap'])
    assert.deepEqual(await collect(second), ['gap', 'trouble'])
    assert.deepEqual(await collect(hub.watch({ signal: AbortSignal.abort() })), [])
  })
})

async function collect(stream: AsyncIterable<ClusterEvent>): Promise<string[]> {
  const types: string[] = []
  for await (const { type } of stream) types.push(type)
  return types
}
