import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { placedOn, recordOf } from './core/fixtures.ts'
import { NewsOfChildren, type ChildNews } from './news.ts'

const late = { wallMs: 2_000, counter: 0 }

function told(): { news: NewsOfChildren; lines: string[] } {
  const lines: string[] = []
  const news = new NewsOfChildren((item: ChildNews) => {
    lines.push(
      item.type === 'child-moved'
        ? `${item.from ?? '-'} to ${item.to}, epoch ${String(item.epoch)}, ${item.reason}, ${item.state}`
        : `${item.id} failed: ${item.error}`,
    )
  })
  return { news, lines }
}

describe('NewsOfChildren', () => {
  it('tells of a move once, and of no first start', () => {
    const { news, lines } = told()
    news.placed('x', [placedOn('a', 'running', { reason: 'start' })])
    news.placed('x', [placedOn('a', 'sealed'), placedOn('b', 'reserved', { since: late })])
    const there = placedOn('b', 'running', { epoch: 2, reason: 'move', isCarried: true })
    news.placed('x', [placedOn('a', 'exported'), there])
    news.placed('x', [there])
    assert.deepEqual(lines, ['a to b, epoch 2, move, carried'])
  })

  it('tells who met the child only now of what was a move, and of nothing else', () => {
    const { news, lines } = told()
    news.placed('x', [placedOn('b', 'running', { epoch: 2, reason: 'failover' })])
    news.placed('y', [placedOn('b', 'running', { epoch: 2, reason: 'restart' })])
    assert.deepEqual(lines, ['- to b, epoch 2, failover, fresh'])
  })

  it('after a split tells those who had the younger one, and only those, that the older one stays', () => {
    const older = placedOn('a', 'running', { epoch: 1, reason: 'start' })
    const younger = placedOn('b', 'running', { epoch: 2, reason: 'failover', since: late })
    for (const both of [
      [older, younger],
      [younger, older],
    ]) {
      for (const [mine, expected] of [
        [older, []],
        [younger, ['- to b, epoch 2, failover, fresh', 'b to a, epoch 1, start, fresh']],
      ] as const) {
        const { news, lines } = told()
        news.placed('x', [mine])
        news.placed('x', both)
        news.placed('x', [older])
        assert.deepEqual(lines, expected)
      }
    }
  })

  it('tells of a failure once, and of the next one of the same child', () => {
    const { news, lines } = told()
    const failed = recordOf({}, { outcome: { kind: 'failed', message: 'broken' } })
    news.changed('x', failed, recordOf())
    news.changed('x', failed, failed)
    news.changed('x', recordOf(), failed)
    news.changed('x', failed, recordOf())
    assert.deepEqual(lines, ['x failed: broken', 'x failed: broken'])
  })
})
