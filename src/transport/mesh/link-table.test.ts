import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { NodeIdentity } from '../port/port.ts'
import { LinkTable, judgeHello, judgeReply, type Claim } from './link-table.ts'
import type { Link } from './link.ts'

const seeds = 3_000

/** Chance that can be repeated. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

class Node {
  readonly table = new LinkTable()
  readonly self: NodeIdentity
  replaced = 0

  constructor(name: string) {
    this.self = { name, incarnation: `1-${name}`, cluster: 'c', addresses: [], roles: [], meta: {} }
  }

  up(id: string, peer: Node): void {
    const old = this.table.get(peer.self.name)
    if (old) {
      this.replaced += 1
      this.table.remove(old)
    }
    this.table.add({ id, isUp: true, info: { peer: peer.self } } as unknown as Link)
  }
}

/** The steps of one handshake, each at a moment that chance decides; `yield` is where time passes. */
function* handshake(client: Node, server: Node, id: string): Generator<undefined, void> {
  const isDuplicate = (): boolean =>
    judgeHello(server.table.view(client.self.name), client.self.incarnation) !== 'go-on'
  const isLost = (): boolean =>
    judgeReply(client.table.view(server.self.name), server.self, client.self.name) !== 'go-on'
  yield
  if (isDuplicate()) return
  yield // The server asks membership.
  if (isDuplicate()) return
  const answering: Claim = server.table.claim('answering', client.self)
  yield // The reply travels.
  let isOver = isLost()
  if (!isOver) {
    yield // The client asks membership.
    isOver = isLost()
  }
  if (!isOver) client.up(id, server)
  yield // CONFIRM or the refusal travels.
  answering.end()
  if (!isOver) server.up(id, client)
}

function runAll(seed: number, dials: readonly (readonly [Node, Node])[]): void {
  const chance = seeded(seed)
  const running = dials.map(([client, server], i) => handshake(client, server, String(i)))
  while (running.length > 0) {
    const index = Math.floor(chance() * running.length)
    if (running[index]?.next().done) running.splice(index, 1)
  }
}

describe('The decision between handshakes', () => {
  it(`leaves exactly one link when two nodes dial each other, in ${String(seeds)} orders`, () => {
    const survivors = new Set<string>()
    for (let seed = 0; seed < seeds; seed++) {
      const [a, b] = [new Node('a'), new Node('b')]
      runAll(seed, [
        [a, b],
        [b, a],
      ])
      const id = a.table.get('b')?.id
      assert.ok(id !== undefined, `seed ${String(seed)}: no link`)
      assert.equal(b.table.get('a')?.id, id, `seed ${String(seed)}: different links`)
      assert.deepEqual(
        [a.replaced, b.replaced],
        [0, 0],
        `seed ${String(seed)}: a link was replaced`,
      )
      survivors.add(id)
    }
    assert.deepEqual([...survivors].toSorted(), ['0', '1'])
  })

  it('leaves exactly one link when they dial each other several times at once', () => {
    for (let seed = 0; seed < seeds; seed++) {
      const [a, b] = [new Node('a'), new Node('b')]
      runAll(seed, [
        [a, b],
        [b, a],
        [a, b],
        [b, a],
      ])
      const id = a.table.get('b')?.id
      assert.ok(id !== undefined)
      assert.equal(b.table.get('a')?.id, id, `seed ${String(seed)}`)
    }
  })
})

describe('The decision in one handshake', () => {
  it('lets the dial of the smaller name win once both have answered', () => {
    const a = { name: 'a', incarnation: '1' }
    const b = { name: 'b', incarnation: '2' }
    assert.equal(judgeReply({ answering: '1' }, a, 'b'), 'theirs')
    assert.equal(judgeReply({ answering: '2' }, b, 'a'), 'go-on')
    assert.equal(judgeReply({ answering: '0' }, a, 'b'), 'go-on')
    assert.equal(judgeReply({ linked: '1' }, a, 'b'), 'linked')
    assert.equal(judgeReply({ linked: '0' }, a, 'b'), 'go-on')
    assert.equal(judgeReply({ confirming: '1' }, a, 'b'), 'linked')
  })

  it('lets another incarnation in, the same one not', () => {
    assert.equal(judgeHello({ linked: '1' }, '1'), 'linked')
    assert.equal(judgeHello({ confirming: '1' }, '1'), 'linked')
    assert.equal(judgeHello({ linked: '1' }, '2'), 'go-on')
    assert.equal(judgeHello({ answering: '1' }, '1'), 'go-on')
  })
})

describe('LinkTable', () => {
  it('forgets claims that ended, whatever their order', () => {
    const { table, self } = new Node('a')
    const [first, second] = [table.claim('answering', self), table.claim('answering', self)]
    first.end()
    assert.equal(table.view('a').answering, self.incarnation)
    second.end()
    second.end()
    assert.deepEqual(table.view('a'), {
      ...{ linked: undefined, confirming: undefined, answering: undefined },
    })
  })
})
