/** What nodes say to each other, also when one of them says what it should not. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TestCluster, type TestNode } from './cluster-kit.test.ts'
import {
  leavingMessage,
  memberListMessage,
  probeReportMessage,
  refuteMessage,
  suspectMessage,
} from './messages.ts'

function say(from: TestNode | undefined, to: string, payload: Uint8Array): void {
  assert.equal(from?.transport.send(to, 'control', payload), 'accepted')
}

describe('Membership: protocol', () => {
  it('answers a suspicion with a higher counter, and trusts itself less', async () => {
    const cluster = new TestCluster()
    const [a, b] = await cluster.mesh('a', 'b')
    const { incarnation = '' } = b ?? {}
    say(a, 'b', suspectMessage.encode({ incarnation, counter: 4 }))
    await cluster.advance(1)
    assert.equal(b?.membership.status().localHealth.multiplier, 2)
    // An accusation it has answered before costs it nothing more.
    say(a, 'b', suspectMessage.encode({ incarnation, counter: 4 }))
    say(a, 'b', suspectMessage.encode({ incarnation: 'another', counter: 9 }))
    await cluster.advance(1)
    assert.equal(b.membership.status().localHealth.multiplier, 2)
  })

  it('believes no leave, report or refutation on behalf of another', async () => {
    const cluster = new TestCluster()
    const [a, b, c] = await cluster.mesh('a', 'b', 'c')
    cluster.hub.cut('a', 'b')
    await cluster.advance(2_500)
    say(c, 'a', leavingMessage.encode({ incarnation: b?.incarnation ?? '' }))
    say(c, 'a', refuteMessage.encode({ incarnation: b?.incarnation ?? '', counter: 9 }))
    for (let id = 0; id < 20; id++) say(b, 'c', probeReportMessage.encode({ id, reached: true }))
    await cluster.advance(100)
    assert.deepEqual([a?.is('suspect'), a?.is('alive')], [['b'], ['c']])
  })
})

describe('Membership: introductions', () => {
  it('survives a flood of invented members', async () => {
    const cluster = new TestCluster()
    const [a, b] = await cluster.mesh('a', 'b')
    for (let list = 0; list < 150; list++) {
      const members = Array.from({ length: 32 }, (_, index) => ({
        name: `ghost${String(list * 32 + index)}`,
        incarnation: '1',
        addresses: [`nobody:${String(index)}`],
      }))
      say(b, 'a', memberListMessage.encode({ members }))
      await cluster.advance(1)
    }
    await cluster.advance(2_000)
    assert.ok((a?.membership.status().targets.length ?? Infinity) <= 4_096)
    assert.deepEqual(a?.is('alive'), ['b'])
  })

  it('does not dial an introduced incarnation that left', async () => {
    const cluster = new TestCluster()
    const [a, b, c] = await cluster.mesh('a', 'b', 'c')
    await cluster.during(c?.leave() ?? Promise.reject(new Error('no node')))
    const { name = '', incarnation = '', address = '' } = c ?? {}
    say(
      b,
      'a',
      memberListMessage.encode({ members: [{ name, incarnation, addresses: [address] }] }),
    )
    await cluster.advance(1_000)
    assert.ok(a?.membership.status().targets.every((target) => target.member !== 'c'))
  })

  it('asks at most three members to probe a suspect', async () => {
    const cluster = new TestCluster()
    const nodes = await cluster.mesh('a', 'b', 'c', 'd', 'e', 'f', 'g')
    const asked: string[] = []
    const { transport } = nodes[0] ?? {}
    const send = transport?.send.bind(transport)
    assert.ok(transport && send)
    transport.send = (peer, channelClass, payload) => {
      if (payload[0] === 19) asked.push(peer)
      return send(peer, channelClass, payload)
    }
    cluster.hub.cut('a', 'b')
    await cluster.advance(2_600)
    assert.equal(new Set(asked).size, 3)
    assert.ok(!asked.includes('b'))
  })
})

describe('Membership: twenty nodes', () => {
  it('lose a switch for 30 s: dials stay bounded, and all come back', async () => {
    const cluster = new TestCluster()
    const names = Array.from({ length: 20 }, (_, index) => `n${String(index).padStart(2, '0')}`)
    const nodes = await cluster.mesh(...names)
    assert.ok(nodes.every((node) => node.is('alive').length === 19))
    const dials: string[] = []
    for (const { name, transport } of nodes) {
      const dial = transport.dial.bind(transport)
      transport.dial = (address, signal) => {
        dials.push(`${name} ${String(Math.floor(cluster.clock.nowMs / 1_000))}`)
        return dial(address, signal)
      }
    }
    // Everyone is alone.
    cluster.hub.partition(...names.map((name) => [name]))
    await cluster.advance(30_000)
    assert.ok(nodes.every((node) => node.is('down').length === 19))
    const most = Math.max(...countsOf(dials).values())
    assert.ok(most <= 8, `${String(most)} dials of one node in one second`)
    assert.ok(dials.length <= 20 * 2 * 30, `${String(dials.length)} dials in 30 s`)
    cluster.hub.heal()
    await cluster.advance(40_000)
    assert.ok(nodes.every((node) => node.is('alive').length === 19))
  })
})

function countsOf(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}
