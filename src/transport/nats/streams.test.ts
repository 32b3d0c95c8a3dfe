import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HeardStreams, SentStreams } from './streams.ts'

describe('streams by topic', () => {
  it('show a hole, pass over what was heard, and begin with the first payload heard', () => {
    const heard = new HeardStreams(10)
    const hear = (sequence: number): number => heard.hear({ subject: 'x', generation: 0, sequence })
    assert.deepEqual([7, 8, 8, 7, 11, 12].map(hear), [0, 0, -1, -1, 2, 0])
  })

  it('tell of a lost end when the sender says where it stands', () => {
    const heard = new HeardStreams(10)
    heard.hear({ subject: 'x', generation: 0, sequence: 1 })
    const mark = (subject: string, sequence: number, generation = 0): number =>
      heard.mark({ subject, generation, sequence })
    assert.equal(mark('x', 2), 0)
    assert.equal(mark('x', 5), 3)
    assert.equal(mark('x', 5), 0)
    assert.equal(mark('never heard', 5), 0)
    assert.equal(mark('x', 9, 1), 0, 'of a new generation, of which nothing is known')
  })

  it('that are settled begin with 1, so that a lost beginning is a gap too', () => {
    const heard = new HeardStreams(10)
    heard.mark({ subject: 'a.old', generation: 0, sequence: 7 })
    heard.settle(['a.*'])
    const hear = (subject: string, sequence: number): number =>
      heard.hear({ subject, generation: 0, sequence })
    assert.equal(hear('a.old', 7), 0)
    assert.equal(hear('a.new', 3), 2)
    assert.equal(heard.mark({ subject: 'a.newer', generation: 0, sequence: 5 }), 4)
    assert.equal(hear('b.new', 3), 0)
    heard.unsettle('a.*')
    assert.equal(hear('a.new', 50), 0, 'missed while nobody listened')
  })

  it('that were forgotten for others begin anew, which is no gap', () => {
    const heard = new HeardStreams(2)
    heard.settle(['>'])
    const hear = (subject: string, sequence: number): number =>
      heard.hear({ subject, generation: 0, sequence })
    for (const subject of ['a', 'b', 'c']) assert.equal(hear(subject, 1), 0)
    assert.equal(hear('a', 2), 0)
  })

  it('are forgotten all at once when there are too many, which is no gap', () => {
    const sent = new SentStreams(2)
    const heard = new HeardStreams(10)
    for (const subject of ['a', 'b', 'a', 'c', 'a', 'c']) {
      const stream = sent.of(subject)
      const { generation } = stream
      assert.equal(heard.hear({ subject, generation, sequence: stream.next++ }), 0, subject)
    }
    assert.equal(sent.generation, 1)
    assert.deepEqual(
      sent.marks((subject) => subject === 'c', 5),
      [['c', 3]],
    )
  })
})
