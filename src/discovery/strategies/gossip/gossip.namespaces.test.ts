/**
 * Gossip between network namespaces made for the test: two joined by a veth pair, and one with
 * nothing but loopback. Needs root and `ip`; otherwise skipped, with the reason in the report.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { it } from 'node:test'
import { silentLog, type Log } from '../../../kernel/index.ts'
import { until } from '../../../testing/waiting/until.ts'
import { PretendedNode, secret } from '../../discovery-kit.test.ts'
import {
  bridged,
  childIn,
  connectInterface,
  ip,
  namespace,
  skipWithoutNamespaces,
  type Child,
} from '../../namespace-kit.test.ts'

const options = { skip: skipWithoutNamespaces }
const otherSecret = 'quite another secret, 987654'
const [, , role, name = '', address = '', cluster = 'shop', ownSecret = secret] = process.argv
const patienceMs = 20_000

if (role === 'child') runChild()
else {
  it(
    'gossip: crosses a veth pair, with the address of the interface it left by',
    options,
    async (t) => {
      const [left, right] = [namespace(t), namespace(t)]
      ip(`link add fndv0 netns ${left} type veth peer name fndv1 netns ${right}`)
      connectInterface(left, 'fndv0', '10.211.0.1/24')
      connectInterface(right, 'fndv1', '10.211.0.2/24')
      const a = childIn(t, left, ['a', '10.211.0.1:4001'])
      const b = childIn(t, right, ['b', '10.211.0.2:4002'])
      await until('a dials b', () => a.said.includes('dialed 10.211.0.2:4002'), 10_000)
      await until('b dials a', () => b.said.includes('dialed 10.211.0.1:4001'), 10_000)
      ip(`-n ${left} link set fndv0 down`)
      ip(`-n ${left} link set fndv0 up`)
      childIn(t, right, ['c', '10.211.0.2:4003'])
      const again = 'a dials a newcomer over the link that is back'
      await until(again, () => a.said.includes('dialed 10.211.0.2:4003'), 20_000)
    },
  )

  it('gossip: works where there is only loopback', options, async (t) => {
    const only = namespace(t)
    const a = childIn(t, only, ['a', '127.0.0.1:4001'])
    const b = childIn(t, only, ['b', '127.0.0.1:4002'])
    await until('a dials b', () => a.said.includes('dialed 127.0.0.1:4002'), 10_000)
    await until('b dials a', () => b.said.includes('dialed 127.0.0.1:4001'), 10_000)
    assert.ok(!a.said.includes('degraded'))
  })

  it('gossip: three hosts on one network all find each other', options, async (t) => {
    const hosts = ['10.211.1.1', '10.211.1.2', '10.211.1.3']
    const inside = bridged(t, hosts)
    const nodes = hosts.map((host, at) =>
      childIn(t, inside[at] ?? '', [`n${String(at)}`, `${host}:4001`]),
    )
    const knowsOthers = (at: number): boolean =>
      hosts.every((host, other) => other === at || nodes[at]?.said.includes(`dialed ${host}:4001`))
    await until('all know all', () => nodes.every((_, at) => knowsOthers(at)), patienceMs)
    const loopback = nodes.filter((node) => node.said.includes('127.0.0.1'))
    assert.deepEqual(loopback, [])
  })

  it(
    'gossip: two apps and two secrets on one network never mix; each is told once',
    options,
    async (t) => {
      const hosts = ['10.211.2.1', '10.211.2.2', '10.211.2.3']
      const inside = bridged(t, hosts)
      const [a, b, c] = [
        childIn(t, inside[0] ?? '', ['a', '10.211.2.1:4001']),
        childIn(t, inside[1] ?? '', ['b', '10.211.2.2:4001', 'shop', otherSecret]),
        childIn(t, inside[2] ?? '', ['c', '10.211.2.3:4001', 'cart']),
      ] as const
      const nodes = [a, b, c]
      // Several heartbeats of each have reached each.
      const hasHeardMuch = (node: Child): boolean => /received (?:[3-9]\d|\d{3})/.test(node.said)
      await until('all have heard much', () => nodes.every(hasHeardMuch), patienceMs)
      const count = (node: Child, words: string): number => node.said.split(words).length - 1
      const secretDiffers = (host: string): string => `at ${host}, but its secret differs`
      assert.equal(count(a, secretDiffers('10.211.2.2')), 1, a.said)
      assert.equal(count(b, secretDiffers('10.211.2.1')), 1, b.said)
      for (const node of [a, b])
        assert.equal(count(node, 'heard another app than "shop"'), 1, node.said)
      assert.equal(count(c, 'heard another app than "cart"'), 2, c.said)
      assert.ok(nodes.every((node) => count(node, 'dialed') === 0))
    },
  )

  it('gossip: an interface that appears later is used', options, async (t) => {
    const [left, right] = [namespace(t), namespace(t)]
    const a = childIn(t, left, ['a', '10.211.3.1:4001'])
    const b = childIn(t, right, ['b', '10.211.3.2:4002'])
    await until(
      'both speak to themselves',
      () => [a, b].every(({ said }) => /received \d/.test(said)),
      patienceMs,
    )
    ip(`link add fndv0 netns ${left} type veth peer name fndv1 netns ${right}`)
    connectInterface(left, 'fndv0', '10.211.3.1/24')
    connectInterface(right, 'fndv1', '10.211.3.2/24')
    await until('a dials b', () => a.said.includes('dialed 10.211.3.2:4002'), patienceMs)
    await until('b dials a', () => b.said.includes('dialed 10.211.3.1:4001'), patienceMs)
  })

  it(
    'gossip: a firewall that drops it degrades it with a hint, until it is gone',
    { skip: skipWithoutNamespaces || skipWithoutNft() },
    async (t) => {
      const [inside = ''] = bridged(t, ['10.211.4.1'])
      const nft = (words: string): void => {
        ip(`netns exec ${inside} nft ${words}`)
      }
      nft('add table inet quiet')
      nft('add chain inet quiet input { type filter hook input priority 0 ; }')
      nft('add rule inet quiet input udp dport 45893 drop')
      const a = childIn(t, inside, ['a', '10.211.4.1:4001'])
      await until(
        'a is degraded',
        () => a.said.includes('health degraded this node does not hear its own'),
        patienceMs,
      )
      assert.match(a.said, /Use the strategy "dns", "kubernetes" or "static"/)
      nft('flush chain inet quiet input')
      await until('a is well', () => a.said.includes('health ok'), patienceMs)
    },
  )
}

function skipWithoutNft(): string | false {
  const isThere = spawnSync('nft', ['--version']).status === 0
  return isThere ? false : 'SKIPPED: there is no "nft" here'
}

function runChild(): void {
  const say = (words: string): void => {
    process.stdout.write(`${words}\n`)
  }
  const log: Log = {
    ...silentLog,
    child: () => log,
    info: (_, words) => {
      say(words)
    },
  }
  const made: PretendedNode = new PretendedNode(
    { lan: { strategy: 'gossip', config: { intervalMs: 300 } } },
    {
      name,
      secrets: [ownSecret],
      self: { addresses: [address], cluster },
      deps: {
        interfaces: undefined,
        log,
        news: (event) => {
          if (event.type === 'dialed') say(`dialed ${event.address}`)
          if (event.type === 'health') say(`health ${event.state} ${event.detail}`)
          if (event.type === 'notice') say(event.detail)
        },
      },
    },
  )
  made.discovery.start()
  const timer = setInterval(() => {
    const { received } = made.discovery.status()[0]?.figures as { received?: number }
    say(`received ${String(received)}`)
  }, 200)
  process.once('SIGTERM', () => {
    clearInterval(timer)
  })
}
