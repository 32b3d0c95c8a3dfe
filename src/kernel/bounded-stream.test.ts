import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BoundedStream } from './bounded-stream.ts'

describe('BoundedStream', () => {
  it('gives a slow reader what is kept, oldest first, then the end', async () => {
    const stream = new BoundedStream<number>({ bufferMax: 10 })
    stream.push(1)
    stream.push(2)
    stream.end()
    const seen: number[] = []
    for await (const item of stream) seen.push(item)
    assert.deepEqual(seen, [1, 2])
  })

  it('drops the oldest beyond its bound and counts them', async () => {
    const stream = new BoundedStream<number>({ bufferMax: 2 })
    for (const item of [1, 2, 3, 4]) stream.push(item)
    assert.equal(stream.dropped, 2)
    assert.deepEqual(await stream.next(), { value: 3, done: false })
  })

  it('wakes readers that wait, in order', async () => {
    const stream = new BoundedStream<number>({ bufferMax: 1 })
    const reads = [stream.next(), stream.next()]
    stream.push(1)
    stream.push(2)
    assert.deepEqual(await Promise.all(reads), [
      { value: 1, done: false },
      { value: 2, done: false },
    ])
  })

  it('ends once, also when the loop is left early', async () => {
    let ends = 0
    const stream = new BoundedStream<number>({
      bufferMax: 4,
      onEnd: () => {
        ends += 1
      },
    })
    stream.push(1)
    for await (const item of stream) if (item === 1) break
    stream.end()
    stream.push(2)
    assert.equal(ends, 1)
    assert.deepEqual(await stream.next(), { value: undefined, done: true })
  })
})
