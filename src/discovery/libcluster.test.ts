import assert from 'node:assert/strict'
import { it } from 'node:test'
import { findStrategy, strategyNames } from './catalogue.ts'
import { libclusterModules, type LibclusterModule } from './libcluster.ts'
import { resolveTopology, type ResolvedTopology } from './topology.ts'

/** Modules whose place is taken by a strategy that is there, with an example of all their keys. */
const carried = libclusterModules.filter(({ strategy }) => strategyNames().includes(strategy))

function examples({ keys }: LibclusterModule): Record<string, unknown> {
  const pairs = Object.entries(keys).filter(([, { kind }]) => kind !== 'refused')
  return Object.fromEntries(pairs.map(([key, { example }]) => [key, example]))
}

/** What a strategy cannot do without, where no key of libcluster's that is not also ours gives it. */
const needed: Readonly<Record<string, object>> = {
  file: { path: '/etc/hosts.txt' },
  dns: { query: 'shop.internal' },
}

function resolve(module: LibclusterModule, strategy: string): ResolvedTopology {
  const config = { ...examples(module), ...needed[module.strategy] }
  return resolveTopology('moved', { strategy, config })
}

for (const module of carried) {
  it(`${module.module}: is understood with all its keys, under each form of its name`, () => {
    const forms = [module.module, `Elixir.${module.module}`, module.module.toLowerCase()]
    for (const form of forms) assert.equal(resolve(module, form).strategyName, module.strategy)
  })

  it(`${module.module}: its keys are understood under our name too, unless they are our own`, () => {
    const foreign = Object.fromEntries(
      Object.entries(module.keys).filter(
        ([key, { kind }]) =>
          kind !== 'refused' && !Object.hasOwn(findStrategy(module.strategy)?.rules ?? {}, key),
      ),
    )
    assert.equal(
      resolve({ ...module, keys: foreign }, module.strategy).strategyName,
      module.strategy,
    )
  })

  for (const [key, { kind, example, becomes }] of Object.entries(module.keys)) {
    if (kind !== 'refused') continue
    it(`${module.module}: ${key} is refused in words`, () => {
      const config = { ...examples(module), [key]: example }
      assert.throws(() => resolveTopology('moved', { strategy: module.module, config }), {
        code: 'FND_OPTION_INVALID',
        message: new RegExp(becomes.slice(0, 20)),
      })
    })
  }
}

it('what the keys become is what the strategies are told', () => {
  const gossip = resolveTopology('lan', {
    strategy: 'Cluster.Strategy.Gossip',
    config: {
      port: 45_892,
      if_addr: '0.0.0.0',
      multicast_if: '192.168.1.1',
      multicast_addr: '230.1.1.251',
      multicast_ttl: 3,
    },
  })
  const { port, interfaces, address, ttl } = gossip.config
  assert.deepEqual([port, interfaces, address, ttl], [45_892, '192.168.1.1', '230.1.1.251', 3])
})
