import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isFoundationError } from '../kernel/index.ts'
import type { LookupResult } from './port/port.ts'
import { sharedPortNeeded, resolveTopology, type Topology } from './topology.ts'

it('resolveTopology: finds strategies by their own names and by those of libcluster', () => {
  const names = {
    static: 'static',
    'Cluster.Strategy.Epmd': 'static',
    'Elixir.Cluster.Strategy.LocalEpmd': 'local',
    'Cluster.Strategy.Gossip': 'gossip',
    Gossip: 'gossip',
  }
  for (const [given, expected] of Object.entries(names)) {
    assert.equal(resolve({ strategy: given }).strategyName, expected)
  }
})

it('resolveTopology: refuses an unknown strategy and suggests the nearest', () => {
  assert.match(refusal({ strategy: 'gosip' }), /"gosip"; did you mean "gossip"\?/)
  assert.match(refusal({ strategy: 'carrier pigeon' }), /known: static, /)
})

it('resolveTopology: refuses unknown keys of the topology and of its config', () => {
  assert.match(refusal({ strategy: 'static', conect: () => true }), /did you mean "connect"/)
  const config = { hosts: [], host: [] }
  assert.match(refusal({ strategy: 'static', config }), /lan\.config\.host.*"hosts"/)
})

it('resolveTopology: refuses wrong types', () => {
  for (const wrong of [
    { strategy: 'static', connect: 7 },
    { strategy: 'static', prune: 'sometimes' },
    { strategy: 'static', enabled: 'yes' },
    { strategy: 'static', config: [] },
    { strategy: 'static', config: { pollIntervalMs: 'soon' } },
    { strategy: 7 },
    { strategy: EventTarget },
    null,
  ]) {
    assert.match(refusal(wrong), /^Option "topologies\.lan/)
  }
})

it('resolveTopology: understands snake_case and the interval under each of its names', () => {
  for (const key of ['pollIntervalMs', 'poll_interval_ms', 'polling_interval', 'poll_interval']) {
    const { poll } = resolve({ strategy: 'static', config: { [key]: 1_234 } })
    assert.equal(poll.pollIntervalMs, 1_234, key)
  }
  const listNodes = (): string[] => []
  const { hooks } = resolve({ strategy: 'static', list_nodes: listNodes })
  assert.equal(hooks.listNodes, listNodes)
  const epmd = resolve({ strategy: 'Cluster.Strategy.Epmd', config: { timeout: 500 } })
  assert.equal(epmd.poll.pollIntervalMs, 500)
  const once = resolve({ strategy: 'Cluster.Strategy.Epmd', config: { timeout: 'infinity' } })
  assert.equal(once.poll.pollIntervalMs, 5_000)
})

it("resolveTopology: takes a user's own class, with private fields and its config as it stands", async () => {
  class Mine {
    readonly #host: string
    constructor(config: { host: string }) {
      this.#host = config.host
    }
    lookup(): Promise<LookupResult> {
      return Promise.resolve({ peers: [{ host: this.#host }], complete: true })
    }
  }
  const resolved = resolve({ strategy: Mine, config: { host: '10.0.0.1', pollIntervalMs: 77 } })
  assert.equal(resolved.strategyName, 'Mine')
  assert.equal(resolved.poll.pollIntervalMs, 77)
  assert.ok(resolved.strategy.kind === 'poll')
  const result = await resolved.strategy.lookup({} as never, AbortSignal.abort())
  assert.deepEqual(result.peers, [{ host: '10.0.0.1' }])
})

it('resolveTopology: takes its prune rule from the strategy unless it says otherwise', () => {
  assert.equal(resolve({ strategy: 'static' }).prune, 'never')
  assert.equal(resolve({ strategy: 'static', prune: 'immediate' }).prune, 'immediate')
})

it('static: refuses what is no address, and says what is', () => {
  const of = (host: unknown): string => refusal({ strategy: 'static', config: { hosts: [host] } })
  for (const bad of ['a:0', 'a:99999', ':7000', 'a b:7000', '[a]:7000', 7, '', 'shop@']) {
    assert.match(of(bad), /expected "host:port"/, String(bad))
  }
  assert.match(refusal({ strategy: 'static', config: { hosts: 'a:1' } }), /expected a list/)
})

it('static: hosts without a port, and node names of the BEAM, have the shared port', async () => {
  const hosts = ['a', 'shop@10.0.0.1', 'fe80::1', 'b:7000']
  assert.deepEqual(sharedPortNeeded('lan', { strategy: 'static', config: { hosts } }), {
    port: undefined,
  })
  assert.equal(
    sharedPortNeeded('lan', { strategy: 'static', config: { hosts: ['b:1'] } }),
    undefined,
  )
  const { strategy } = resolve({ strategy: 'static', config: { hosts, port: 9000 } })
  assert.ok(strategy.kind === 'poll')
  const { peers } = await strategy.lookup({} as never, AbortSignal.abort())
  assert.deepEqual(peers, [
    { host: 'a', port: 9000 },
    { host: '10.0.0.1', port: 9000 },
    { host: 'fe80::1', port: 9000 },
    { host: 'b', port: 7000 },
  ])
})

it('static: lists its hosts: IPv4, IPv6 and names', async () => {
  const hosts = ['10.0.0.1:7000', '[fe80::1]:7001', 'shop-1.internal:7002']
  const { strategy } = resolve({ strategy: 'static', config: { hosts } })
  assert.ok(strategy.kind === 'poll')
  const { peers, complete } = await strategy.lookup({} as never, AbortSignal.abort())
  assert.equal(complete, false)
  assert.deepEqual(peers, [
    { host: '10.0.0.1', port: 7000 },
    { host: 'fe80::1', port: 7001 },
    { host: 'shop-1.internal', port: 7002 },
  ])
})

function resolve(given: unknown): ReturnType<typeof resolveTopology> {
  return resolveTopology('lan', given as Topology)
}

/** The message of the refusal. */
function refusal(given: unknown): string {
  try {
    resolve(given)
  } catch (error) {
    assert.ok(isFoundationError(error), String(error))
    assert.equal(error.code, 'FND_OPTION_INVALID')
    return error.message
  }
  return assert.fail('was not refused')
}
