import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startInOrder, stopInReverse, type Lifecycle } from './lifecycle.ts'
import { consoleLog, silentLog } from './log.ts'

describe('startInOrder()', () => {
  it('starts in order, and stops in reverse', async () => {
    const story: string[] = []
    const parts = ['a', 'b'].map((name) => recorded(name, story))
    await startInOrder(parts)
    await stopInReverse(parts)
    assert.deepEqual(story, ['start a', 'start b', 'stop b', 'stop a'])
  })

  it('rolls back when a part cannot start, the failed one included', async () => {
    const story: string[] = []
    const broken: Lifecycle = {
      ...recorded('b', story),
      start: () => Promise.reject(new Error('no')),
    }
    await assert.rejects(startInOrder([recorded('a', story), broken, recorded('c', story)]), /no/)
    assert.deepEqual(story, ['start a', 'stop b', 'stop a'])
  })
})

describe('consoleLog()', () => {
  it('writes one line a record from its level up, with the fields of its parents', () => {
    const lines: string[] = []
    const log = consoleLog({ level: 'warn', write: (line) => lines.push(line) })
    const child = log.child({ node: 'a' })
    child.info({}, 'not this')
    child.warn({ peer: 'b', error: new Error('gone') }, 'link lost')
    assert.deepEqual(lines, ['warn  foundation: link lost  node=a  peer=b  error=gone'])
    silentLog.error({}, 'nowhere')
  })
})

function recorded(name: string, story: string[]): Lifecycle {
  return {
    start: () => void story.push(`start ${name}`),
    stop: () => void story.push(`stop ${name}`),
  }
}
