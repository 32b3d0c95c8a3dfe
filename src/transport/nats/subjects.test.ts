import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { encodeToken, subjectMatches, Subjects } from './subjects.ts'

describe('encodeToken()', () => {
  it('makes any text one token, and no two texts the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        assert.match(encodeToken(a), /^[A-Za-z0-9_=-]+$/)
        const isSame = Buffer.from(a).equals(Buffer.from(b))
        assert.equal(encodeToken(a) === encodeToken(b), isSame)
      }),
    )
  })
})

describe('Subjects', () => {
  const subjects = new Subjects('@acme/shop')

  it('keeps the wildcards of a pattern and nothing else that the broker would read', () => {
    assert.equal(subjects.topic('events', 'orders.*.>'), 'fnd.=40acme=2Fshop.events.orders.*.>')
    assert.equal(subjects.topic('bulk', 'a b'), 'fnd.=40acme=2Fshop.bulk.a=20b')
  })

  it('finds the node of an address, and says when it is of another cluster', () => {
    const name = 'shop-1@host/with.odd chars'
    assert.deepEqual(subjects.nodeAt(subjects.addressOf(name)), { name })
    assert.deepEqual(subjects.nodeAt(subjects.addressOfLife(name, '0a')), { name })
    assert.notEqual(subjects.addressOfLife(name, '0a'), subjects.addressOf(name))
    assert.equal(subjects.nodeAt(new Subjects('other').addressOf(name)), 'elsewhere')
    assert.equal(subjects.nodeAt(new Subjects('other').addressOfLife(name, '0a')), 'elsewhere')
    for (const address of ['127.0.0.1:1', 'nats:', 'nats:x', 'nats:=40acme=2Fshop/']) {
      assert.equal(subjects.nodeAt(address), undefined)
    }
  })

  it('speaks to one life of a node only', () => {
    const direct = (sender: string, isPublished: boolean): string =>
      subjects.direct('a', sender, { channelClass: 'bulk', isPublished })
    const all = [direct('01', false), direct('02', false), direct('01', true), direct('02', true)]
    assert.equal(new Set(all).size, 4)
  })

  it('stand for the topics they were made of', () => {
    for (const topic of ['a', 'a.b-c.d', 'räume.ein zimmer', 'a=b.=.c', '.', 'a..b', '日本.語']) {
      assert.equal(subjects.topicOf('bulk', subjects.topic('bulk', topic)), topic)
    }
  })
})

describe('subjectMatches()', () => {
  it('sees patterns as the broker does', () => {
    const matching = ['a.b', 'a.*', '*.b', 'a.>', '>']
    const others = ['a', 'a.b.>', 'a.b.c', 'b.*', '*', '*.*.*']
    for (const pattern of matching) assert.ok(subjectMatches(pattern, 'a.b'), pattern)
    for (const pattern of others) assert.ok(!subjectMatches(pattern, 'a.b'), pattern)
  })
})
