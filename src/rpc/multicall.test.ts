/** One call to many nodes; the numbers of calls. */
import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { isFoundationError } from '../kernel/index.ts'
import { encodeValue } from '../wire/index.ts'
import type { CallOutcome } from './call.ts'
import { type Net, never, newPair, Node, quiet } from './rpc-fixture.test.ts'

let net: Net
let a: Node
let b: Node
beforeEach(() => {
  ;({ net, a, b } = newPair())
})

function codeOf(outcome: CallOutcome<unknown>): string | undefined {
  return 'error' in outcome && isFoundationError(outcome.error) ? outcome.error.code : undefined
}

describe('multicall()', () => {
  it('asks every node once, itself included, and tells failures apart from values', async () => {
    const c = new Node(net, 'c')
    for (const node of [a, b]) node.rpc.handle('who', () => node.name)
    c.rpc.handle('who', () => {
      throw new Error('not me')
    })
    const outcomes = await a.rpc.multicall('who', 0, { nodes: ['a', 'b', 'c', 'zed', 'b'] })
    assert.deepEqual(outcomes.slice(0, 2), [
      { node: 'a', value: 'a' },
      { node: 'b', value: 'b' },
    ])
    const errors = outcomes.slice(2).map((outcome) => {
      return [outcome.node, codeOf(outcome)]
    })
    assert.deepEqual(errors, [
      ['c', 'FND_REMOTE_FAILED'],
      ['zed', 'FND_NODE_UNKNOWN'],
    ])
    assert.equal(a.sent.length, 2)
    net.assertClean()
  })

  it('sends each node the same bytes, encoded once', async () => {
    const c = new Node(net, 'c')
    for (const node of [b, c]) node.rpc.handle('x', () => 1)
    let reads = 0
    const args = {
      get x(): number {
        reads += 1
        return 1
      },
    }
    await a.rpc.call('b', 'x', args)
    const readsOfOne = reads
    a.sent.length = 0
    await a.rpc.multicall('x', args, { nodes: ['b', 'c'] })
    assert.deepEqual(a.sent[0]?.payload, a.sent[1]?.payload)
    assert.equal(reads, 2 * readsOfOne, 'as often as for one node')
  })
})

describe('multicall() that fails', () => {
  it('gives the nodes that hang an error at the deadline, and the others their value', async () => {
    const c = new Node(net, 'c')
    b.rpc.handle('x', never)
    c.rpc.handle('x', () => 1)
    const call = a.rpc.multicall('x', 0, { nodes: ['b', 'c'], timeoutMs: 10 })
    await quiet()
    await net.host.advance(10)
    const [hung, good] = await call
    assert.equal(hung && codeOf(hung), 'FND_TIMED_OUT')
    assert.deepEqual(good, { node: 'c', value: 1 })
  })

  it('rejects as a whole for bad arguments, and with the reason of an abort', async () => {
    b.rpc.handle('x', never)
    const nodes = ['a', 'b']
    const bad = a.rpc.multicall('x', Symbol('s'), { nodes })
    await assert.rejects(bad, { code: 'FND_MESSAGE_INVALID' })
    const controller = new AbortController()
    const call = a.rpc.multicall('x', 0, { nodes, signal: controller.signal })
    await quiet()
    controller.abort('enough')
    await assert.rejects(call, (thrown) => thrown === 'enough')
    await quiet()
    net.assertClean()
  })

  it('of no node is an empty list', async () => {
    assert.deepEqual(await a.rpc.multicall('x', 0, { nodes: [] }), [])
  })
})

describe('numbers of calls', () => {
  it('start at a random one and go round below 2^48', async () => {
    net.host.chance = 1 - 2 ** -48
    const late = new Node(net, 'late')
    b.rpc.handle('x', (n) => n)
    assert.deepEqual(await Promise.all([1, 2].map((n) => late.rpc.call('b', 'x', n))), [1, 2])
    const ids = late.sent.map(({ payload }) => payload.readUIntBE(1, 6))
    assert.deepEqual(ids, [0, 1])
  })

  it('are not needed to carry a value: encodeValue of the args is what follows the header', async () => {
    b.rpc.handle('x', (n) => n)
    await a.rpc.call('b', 'x', { k: 1 })
    assert.deepEqual(a.sent[0]?.payload.subarray(13), encodeValue({ k: 1 }))
  })
})
