import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { systemHost, type Host } from '../../kernel/index.ts'
import { ClassDialer, redialDelayMs, type Opened } from './class-dialer.ts'
import type { Lane } from './lane.ts'

const lane = {} as unknown as Lane
const opened = { generation: 1 } as Opened

/** Timers fire at once, and say how long they would have waited. */
function impatientHost(waits: number[], nowMs: () => number = () => 0): Host {
  return {
    ...systemHost,
    nowMs,
    random: () => 1,
    after: (delayMs, run) => {
      waits.push(delayMs)
      return systemHost.after(0, run)
    },
  }
}

describe('ClassDialer', () => {
  it('dials at once, then with growing waits, until it has a connection', async () => {
    const waits: number[] = []
    const news: string[] = []
    let dials = 0
    const dialer = new ClassDialer({
      ...{ host: impatientHost(waits), redialMaxMs: 150 },
      dial: () => {
        dials += 1
        return dials < 5 ? Promise.reject(new Error('refused')) : Promise.resolve(opened)
      },
      opened: () => news.push('opened'),
      failed: () => news.push('failed'),
    })
    dialer.want(lane)
    dialer.want(lane)
    while (news.at(-1) !== 'opened') await turn()
    assert.deepEqual(waits, [50, 100, 150, 150])
    assert.deepEqual(news, ['failed', 'failed', 'failed', 'failed', 'opened'])
  })

  it('waits before it replaces a connection that was lost at once, and not when it had lived', async () => {
    const waits: number[] = []
    let nowMs = 0
    let connections = 0
    const dialer = new ClassDialer({
      ...{ host: impatientHost(waits, () => nowMs), redialMaxMs: 5_000 },
      dial: () => Promise.resolve(opened),
      opened: () => (connections += 1),
      failed: () => undefined,
    })
    const replace = async (): Promise<void> => {
      const before = connections
      dialer.want(lane)
      while (connections === before) await turn()
    }
    for (let i = 0; i < 4; i++) await replace()
    assert.deepEqual(waits, [50, 100, 200])
    nowMs = 1_000
    await replace()
    assert.deepEqual(waits, [50, 100, 200])
  })
})

describe('ClassDialer when its link ends', () => {
  it('does nothing after stop', async () => {
    const news: string[] = []
    const dialer = new ClassDialer({
      ...{ host: systemHost, redialMaxMs: 5_000 },
      dial: (_lane, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(new Error('aborted'))
          })
        }),
      opened: () => news.push('opened'),
      failed: () => news.push('failed'),
    })
    dialer.want(lane)
    dialer.stop()
    dialer.want(lane)
    await turn()
    await turn()
    assert.deepEqual(news, [])
  })
})

describe('redialDelayMs', () => {
  it('doubles up to its maximum and leaves half to chance', () => {
    assert.deepEqual(
      [1, 2, 3, 50].map((failures) => redialDelayMs(failures, 1_000, 0)),
      [25, 50, 100, 500],
    )
    assert.equal(redialDelayMs(50, 1_000, 0.5), 750)
  })
})
