import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { explainTopology, strategyNames } from '../discovery/index.ts'
import { isFoundationError } from '../kernel/index.ts'
import { defaultSharedPort } from './shared-port.ts'
import { listenEndpoint } from './listen.ts'
import { translateModes, type Translation, type TranslationFacts } from './modes.ts'
import type { StartOptions } from './start-options.ts'

const nowhere: TranslationFacts = { env: {}, hasPackage: () => false }

function translate(
  { cluster, topologies, ...others }: StartOptions,
  facts: Partial<TranslationFacts> = {},
): Translation {
  return translateModes({ cluster, topologies, ...others }, { ...nowhere, ...facts })
}

function refusal(cluster: unknown): string {
  try {
    translate({ cluster: cluster as never })
  } catch (error) {
    assert.ok(isFoundationError(error), String(error))
    assert.equal(error.code, 'FND_OPTION_INVALID')
    return error.message
  }
  return assert.fail('was not refused')
}

describe('Mortal mode', () => {
  it('is this machine and this network', () => {
    const { mode, topologies, notes } = translate({ cluster: true })
    assert.equal(mode, 'mortal')
    assert.deepEqual(Object.keys(topologies), ['local', 'gossip', 'mdns'])
    assert.deepEqual(notes, [])
  })

  it('speaks mDNS beside gossip when its package can be imported', () => {
    const enabled = (has: boolean): unknown =>
      translate({ cluster: true }, { hasPackage: (name) => has && name === 'multicast-dns' })
        .topologies['mdns']?.enabled
    assert.deepEqual([enabled(true), enabled(false)], [true, false])
  })

  it('names the Apprentice line where multicast does not pass', () => {
    const notesIn = (env: Record<string, string>): string =>
      translate({ cluster: true, app: '@acme/shop' }, { env }).notes.join('\n')
    assert.match(
      notesIn({ KUBERNETES_SERVICE_HOST: '10.0.0.1' }),
      /Kubernetes.* write cluster: \{ strategy: 'kubernetes', appName: 'shop' \}/,
    )
    assert.match(
      notesIn({ ECS_CONTAINER_METADATA_URI_V4: 'http://169.254.170.2' }),
      /ECS.* write cluster: \{ strategy: 'dns', query: 'shop\./,
    )
    assert.match(
      notesIn({ FLY_APP_NAME: 'acme-shop' }),
      /Fly.* write cluster: \{ strategy: 'dns', query: 'acme-shop\.internal' \}/,
    )
    const elsewhere = translate(
      { cluster: { strategy: 'gossip' } },
      { env: { FLY_APP_NAME: 'acme-shop' } },
    )
    assert.deepEqual(elsewhere.notes, [])
  })
})

describe('Apprentice mode', () => {
  it('makes one topology of simple options', () => {
    const { mode, topologies } = translate({ cluster: { strategy: 'static', hosts: ['a:1'] } })
    assert.equal(mode, 'apprentice')
    assert.deepEqual(topologies, { static: { strategy: 'static', config: { hosts: ['a:1'] } } })
  })

  it('knows the strategies, their options and what each needs', () => {
    assert.match(refusal({ strategy: 'gosip' }), /did you mean "gossip"/)
    assert.match(refusal({ strategy: 'gossip', prot: 1 }), /"cluster\.prot".*did you mean "port"/)
    assert.match(refusal({ strategy: 'gossip', port: 'x' }), /"cluster\.port": expected a whole/)
    assert.match(refusal({ strategy: 'static' }), /"static" needs hosts; write cluster: \{/)
  })

  /** The least one can say of each strategy, and what its topology is then configured with. */
  const simplest: Readonly<Record<string, { given: object; config: object }>> = {
    static: { given: { hosts: ['a:1'] }, config: { hosts: ['a:1'] } },
    local: { given: {}, config: {} },
    gossip: { given: { interfaces: ['eth0'] }, config: { interfaces: ['eth0'] } },
    mdns: { given: {}, config: {} },
    dns: {
      given: { query: 'shop.internal', type: 'AAAA' },
      config: { query: 'shop.internal', type: 'address', port: defaultSharedPort },
    },
    kubernetes: {
      given: { appName: 'shop', namespace: 'eu' },
      config: { labelSelector: 'app=shop', namespace: 'eu', port: defaultSharedPort },
    },
    postgres: { given: { url: 'postgres://db/shop' }, config: { url: 'postgres://db/shop' } },
    redis: { given: { url: 'redis://cache' }, config: { url: 'redis://cache' } },
    consul: {
      given: { service: 'shop', register: true },
      config: { service: 'shop', register: true },
    },
    file: { given: { path: '/etc/peers' }, config: { path: '/etc/peers' } },
    http: { given: { url: 'http://10.0.0.1/peers' }, config: { url: 'http://10.0.0.1/peers' } },
    exec: { given: { command: 'peers' }, config: { command: 'peers' } },
    rancher: { given: {}, config: { port: defaultSharedPort } },
  }

  for (const name of strategyNames()) {
    it(`translates ${name}, refuses a word nobody knows, and explains the result`, () => {
      const { given, config } = simplest[name] ?? assert.fail(`no example of ${name}`)
      const { topologies } = translate({ cluster: { strategy: name, ...given } })
      const topology = topologies[name]
      assert.ok(topology)
      assert.deepEqual(topology, { strategy: name, config })
      const { config: full, enabled } = explainTopology(name, topology)
      assert.equal(enabled, true)
      for (const key of Object.keys(config)) assert.ok(key in (full as object), key)
      assert.match(refusal({ strategy: name, ...given, nonsense: 1 }), /"cluster\.nonsense"/)
    })
  }

  it('wants SRV names to tell their ports, and needs no shared one for them', () => {
    const query = '_foundation._tcp.shop.svc.cluster.local'
    assert.equal(translate({ cluster: { strategy: 'dns', query } }).sharedPort, undefined)
    assert.equal(
      translate({ cluster: { strategy: 'dns', query: 'shop', type: 'srv' } }).sharedPort,
      undefined,
    )
    assert.match(
      refusal({ strategy: 'dns', query, type: 'mx' }),
      /"cluster\.type": expected "address"/,
    )
    assert.match(refusal({ strategy: 'kubernetes' }), /needs appName or labelSelector or service/)
    assert.match(refusal({ strategy: 'kubernetes', appName: 'a,b=c' }), /"cluster\.appName"/)
  })

  it('takes the name of a strategy in any of its forms', () => {
    const { topologies } = translate({ cluster: { strategy: 'Cluster.Strategy.Gossip', port: 1 } })
    assert.deepEqual(topologies, { gossip: { strategy: 'gossip', config: { port: 1 } } })
  })
})

describe('Wizard mode', () => {
  it('passes topologies through as they are, and says that cluster is ignored', () => {
    const lan = { strategy: 'gossip', config: { port: 1 } }
    const { mode, topologies, notes } = translate({ cluster: true, topologies: { lan } })
    assert.equal(mode, 'wizard')
    assert.equal(topologies['lan'], lan)
    assert.match(notes[0] ?? '', /"cluster" is ignored/)
    assert.equal(translate({ cluster: false }).mode, 'alone')
  })
})

describe('the shared port', () => {
  const hosts = ['shop-1', 'shop-2']

  it('is filled in where a strategy finds hosts only, and is where the node listens', () => {
    const translation = translate({ cluster: { strategy: 'static', hosts } })
    assert.equal(translation.sharedPort, defaultSharedPort)
    assert.deepEqual(translation.topologies['static']?.config, { hosts, port: defaultSharedPort })
    const endpoint = listenEndpoint(
      { listen: undefined, interfaces: undefined },
      { translation, isPrivate: false },
    )
    assert.deepEqual(endpoint, { port: defaultSharedPort })
  })

  it('follows the config, else where the node is told to listen', () => {
    const listen = { port: 7000 }
    const simple = translate({ cluster: { strategy: 'static', hosts }, listen })
    assert.equal(simple.topologies['static']?.config?.['port'], 7000)
    const named = translate({ cluster: { strategy: 'static', hosts, port: 8000 }, listen })
    assert.deepEqual([named.sharedPort, named.topologies['static']?.config?.['port']], [8000, 8000])
    assert.equal(
      listenEndpoint({ listen, interfaces: undefined }, { translation: named, isPrivate: false })
        .port,
      7000,
    )
  })

  it('is not that of a node that listens anywhere', () => {
    const { sharedPort } = translate({
      cluster: { strategy: 'static', hosts },
      listen: { port: 0 },
    })
    assert.equal(sharedPort, defaultSharedPort)
  })

  it('is not asked for by a topology that is switched off', () => {
    const off = { strategy: 'dns', config: { query: 'shop.internal' }, enabled: false }
    assert.equal(translate({ topologies: { off } }).sharedPort, undefined)
    const on = { ...off, config: { ...off.config, port: 8000 }, enabled: true }
    assert.equal(translate({ topologies: { off, on } }).sharedPort, 8000)
  })

  it('concerns nobody whose peers tell their port', () => {
    assert.equal(
      translate({ cluster: { strategy: 'static', hosts: ['a:1'] } }).sharedPort,
      undefined,
    )
    assert.equal(translate({ cluster: true }).sharedPort, undefined)
  })
})

describe('listenEndpoint()', () => {
  const endpoint = (given: StartOptions, isPrivate = false): object =>
    listenEndpoint(
      { listen: given.listen, interfaces: given.interfaces },
      { translation: translate(given), isPrivate },
    )

  it('is loopback where nobody outside has a reason to come', () => {
    assert.deepEqual(endpoint({}), { host: '127.0.0.1' })
    assert.deepEqual(endpoint({ cluster: true, interfaces: ['lo'] }), { host: '127.0.0.1' })
    assert.deepEqual(endpoint({ cluster: true }, true), { host: '127.0.0.1' })
    assert.deepEqual(endpoint({ cluster: true }), {})
    assert.deepEqual(endpoint({ listen: { host: '::' } }), { host: '::' })
  })
})
