import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { pair, space, watch } from './log-fixtures.ts'

describe('OwnerLog, when an owner goes down', () => {
  it('hides an owner that is down and shows it again without a word of its own', async () => {
    const network = pair()
    network.node('a').log.put(space, 'x', 1)
    await network.host.advance(50)
    const changes = watch(network, 'b')
    network.unlink('a', 'b')
    assert.deepEqual(network.entries('b', space), ['a/x=1'], 'a lost link alone hides nothing')
    network.node('b').log.memberDown('a', '1')
    assert.deepEqual(network.entries('b', space), [])
    network.node('b').log.memberUp('a', '1')
    assert.deepEqual(network.entries('b', space), ['a/x=1'])
    assert.deepEqual(changes, ['member delete a/x', 'member put a/x=1'])
  })

  it('forgets an owner that stays down, and not before the time is up', async () => {
    const network = pair({ purgeAfterMs: 1_000 })
    network.node('a').log.put(space, 'x', 1)
    await network.host.advance(50)
    network.unlink('a', 'b')
    network.node('b').log.memberDown('a', '1')
    await network.host.advance(900)
    assert.equal(network.state('b', 'a')?.entries, 1)
    await network.host.advance(200)
    assert.equal(network.state('b', 'a'), undefined)
  })

  it('tells nothing of an owner that is hidden', async () => {
    const network = pair()
    await network.host.advance(50)
    network.node('b').log.memberDown('a', '1')
    const changes = watch(network, 'b')
    network.node('a').log.put(space, 'x', 1)
    await network.host.advance(50)
    assert.deepEqual(changes, [])
    assert.deepEqual(network.entries('b', space), [])
    network.node('b').log.memberUp('a', '1')
    assert.deepEqual(changes, ['member put a/x=1'])
  })
})

describe('OwnerLog, when an owner comes back', () => {
  it('tells only what changed when a link comes back', async () => {
    const network = pair()
    const { log } = network.node('a')
    log.put(space, 'kept', 1)
    log.put(space, 'gone', 1)
    await network.host.advance(50)
    const changes = watch(network, 'b')
    network.unlink('a', 'b')
    assert.equal(network.node('b').log.isKnown('a'), false)
    log.delete(space, 'gone')
    log.put(space, 'new', 2)
    network.link('a', 'b')
    assert.equal(network.node('b').log.isKnown('a'), false, 'known only after the snapshot')
    await network.host.advance(50)
    assert.equal(network.node('b').log.isKnown('a'), true)
    assert.deepEqual(changes, ['write put a/new=2', 'write delete a/gone'])
  })

  it('drops the former incarnation at once when the node comes back anew', async () => {
    const network = pair()
    network.node('a').log.put(space, 'old', 1)
    await network.host.advance(50)
    const changes = watch(network, 'b')
    network.unlink('a', 'b')
    const again = network.add('a', {}, '2')
    again.log.put(space, 'new', 2)
    network.link('a', 'b')
    assert.deepEqual(network.entries('b', space), [])
    await network.host.advance(50)
    network.node('b').log.memberDown('a', '1')
    assert.deepEqual(network.entries('b', space), ['a/new=2'])
    assert.deepEqual(changes, ['member delete a/old', 'write put a/new=2'])
  })
})

describe('OwnerLog, when membership and links disagree', () => {
  it('keeps to the incarnation it is linked with', async () => {
    const network = pair()
    network.node('a').log.put(space, 'x', 1)
    await network.host.advance(50)
    network.node('b').log.memberUp('a', '0')
    await network.host.advance(50)
    assert.deepEqual(network.entries('b', space), ['a/x=1'])
  })

  it('forgets an owner that was linked and never up', async () => {
    const network = pair({ purgeAfterMs: 1_000 })
    network.node('b').log.memberDown('a', '1')
    await network.host.advance(900)
    network.node('b').log.linkUp({ name: 'a', incarnation: '1' })
    network.node('b').log.linkDown('a')
    await network.host.advance(900)
    assert.notEqual(network.state('b', 'a'), undefined, 'the time runs from the end of the link')
    await network.host.advance(200)
    assert.equal(network.state('b', 'a'), undefined)
  })
})
