import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type {
  InterfaceAddress,
  PeerStatus,
  TopologyStatus,
  UdpOptions,
} from '../../discovery/index.ts'
import { FoundationError, Keyring, systemHost } from '../../kernel/index.ts'
import type { NodeStatus, ResolvedOptions } from '../../node/index.ts'
import type { Check, Finding, Observation, Patient } from './check.ts'
import { checks } from './checks.ts'
import { clockCheck } from './clock-check.ts'
import { listenCheck } from './listen-check.ts'
import { lookupCheck } from './lookup-check.ts'
import { multicastCheck } from './multicast-check.ts'
import { reachCheck } from './reach-check.ts'
import { secretCheck } from './secret-check.ts'
import { settingsCheck } from './settings-check.ts'
import { strangerCheck } from './stranger-check.ts'

const eth0: InterfaceAddress = {
  name: 'eth0',
  address: '10.0.0.1',
  family: 4,
  netmask: '255.255.255.0',
  isInternal: false,
}
const lo: InterfaceAddress = { ...eth0, name: 'lo', address: '127.0.0.1', isInternal: true }

const gossip = { strategy: 'gossip', config: {}, prune: 'never', hooks: [], enabled: true } as const

function settings(changes: Partial<ResolvedOptions> = {}): ResolvedOptions {
  return { app: 'shop', mode: 'mortal', options: {}, topologies: { gossip }, notes: [], ...changes }
}

function topology(changes: Partial<TopologyStatus> = {}): TopologyStatus {
  return {
    topology: 'lan',
    strategy: 'gossip',
    state: 'running',
    config: {},
    prune: 'never',
    health: { state: 'ok', detail: '' },
    failuresInRow: 0,
    rejectedHints: 0,
    figures: {},
    peers: [],
    ...changes,
  }
}

function peer(changes: Partial<PeerStatus> = {}): PeerStatus {
  return {
    id: 'bell',
    addresses: ['10.0.0.2:7000'],
    provenance: 'lan',
    isConnected: false,
    isSelf: false,
    seenMsAgo: 0,
    knownForMs: 4_900,
    missedLookups: 0,
    dialFailures: 0,
    ...changes,
  }
}

function status(
  name: string,
  sees: readonly string[],
  topologies: TopologyStatus[] = [],
): NodeStatus {
  const members = sees.map((member) => ({ name: member, status: 'alive', roles: [] }))
  return { name, app: 'shop', members, topologies } as unknown as NodeStatus
}

function observation(changes: Partial<Observation> = {}): Observation {
  const self = status('observer', [])
  return { self, answers: [], clocks: [], troubles: [], lookedForMs: 5_000, ...changes }
}

/** Somebody in good health, with these illnesses. */
function patient(changes: Partial<Patient> = {}): Patient {
  return {
    settings: settings(),
    // Silence is heard at once.
    host: { ...systemHost, after: (_, run) => systemHost.after(1, run) },
    ports: { networkInterfaces: () => [lo, eth0], openUdp: echo(() => true) },
    keyring: () =>
      Promise.resolve({ keyring: new Keyring(['a secret of the tests']), origin: 'here' }),
    tryListening: () => Promise.resolve(undefined),
    nodeAtPort: () => Promise.resolve(undefined),
    observation: observation(),
    ...changes,
  }
}

/** A network that gives multicast back on some interfaces. */
function echo(isCarried: (address: string) => boolean): Patient['ports']['openUdp'] {
  return (options: UdpOptions) =>
    Promise.resolve({
      send: (bytes) => {
        if (isCarried(options.multicastInterface ?? '')) {
          options.onMessage(Buffer.from(bytes), options.multicastInterface ?? '')
        }
        return Promise.resolve()
      },
      join: () => undefined,
      leave: () => undefined,
      close: () => Promise.resolve(),
    })
}

async function said(check: Check, who: Patient): Promise<string> {
  const found: readonly Finding[] = await check.run(who)
  return found.map(({ level, text, advice = '' }) => `${level} ${text} ${advice}`).join('\n')
}

describe('foundation doctor', () => {
  it('finds nothing in somebody healthy', async () => {
    const answers = [
      { node: 'ada', status: status('ada', ['ada', 'bell']) },
      { node: 'bell', status: status('bell', ['ada', 'bell']) },
    ]
    const clocks = [{ node: 'ada', aheadMs: 30, errorMs: 40 }]
    const who = patient({
      observation: observation({ answers, clocks, self: status('observer', [], [topology()]) }),
    })
    for (const check of checks) {
      assert.doesNotMatch(await said(check, who), /^(warn|fail)/m, check.name)
    }
  })

  it('multicast: blocked outside this machine, and everywhere', async () => {
    const heardBy = (isCarried: (address: string) => boolean): Promise<string> =>
      said(
        multicastCheck,
        patient({ ports: { networkInterfaces: () => [lo, eth0], openUdp: echo(isCarried) } }),
      )
    assert.match(
      await heardBy(({ length }) => length > 8),
      /ok lo.*\nwarn eth0 carries no multicast/,
    )
    assert.match(
      await heardBy((address) => address === lo.address),
      /warn only this machine.*kubernetes/,
    )
    assert.match(await heardBy(() => false), /fail no interface carries multicast/)
  })

  it('multicast: an interface that refuses, and settings without it', async () => {
    const openUdp = (): never => {
      throw new Error('ENODEV')
    }
    const refusing = patient({ ports: { networkInterfaces: () => [eth0], openUdp } })
    assert.match(await said(multicastCheck, refusing), /eth0 carries no multicast: ENODEV/)
    const elsewhere = patient({
      settings: settings({ topologies: {} }),
      ports: { networkInterfaces: () => [eth0], openUdp },
    })
    assert.equal(await said(multicastCheck, elsewhere), '')
  })

  it('secret: unreadable', async () => {
    const keyring = (): Promise<never> =>
      Promise.reject(
        new FoundationError('FND_SECRET_INVALID', 'Other users can read it; run: chmod 600'),
      )
    assert.match(await said(secretCheck, patient({ keyring })), /^fail .*chmod 600/)
  })

  it('listen: a port that is taken, by others or by ours; loopback where others must come in', async () => {
    const taken = new FoundationError('FND_ADDRESS_IN_USE', 'port 7000 is taken')
    const options = { listen: { value: { host: '127.0.0.1', port: 7000 }, origin: 'default' } }
    const who = { settings: settings({ options }), tryListening: () => Promise.resolve(taken) }
    assert.match(
      await said(listenCheck, patient(who)),
      /^fail port 7000 is taken.*FOUNDATION_LISTEN/,
    )
    assert.match(await said(listenCheck, patient(who)), /^fail listens on 127\.0\.0\.1 only/m)
    const ours = { ...who, nodeAtPort: () => Promise.resolve('ada') }
    assert.match(await said(listenCheck, patient(ours)), /^ok port 7000 is that of ada/)
  })

  it('discovery: a lookup that fails with its own words, and one that lists nobody', async () => {
    const forbidden = 'Kubernetes refuses to "list" pods in "eu" (403): allow it by a Role'
    const failing = topology({
      strategy: 'kubernetes',
      lastError: { at: 0, code: 'FND_DISCOVERY_FAILED', message: forbidden },
      health: { state: 'degraded', detail: forbidden },
    })
    const empty = topology({
      topology: 'dns',
      strategy: 'dns',
      poll: { pollIntervalMs: 1, lookupTimeoutMs: 1 },
    })
    const self = status('observer', [], [failing, empty])
    const text = await said(lookupCheck, patient({ observation: observation({ self }) }))
    assert.match(text, /^fail lan: Kubernetes refuses to "list" pods/)
    assert.match(text, /^warn dns: the lookup works but lists nobody.*dig/m)
  })

  it('strangers: each told once, another app without alarm', async () => {
    const refused = (reason: string): FoundationError =>
      new FoundationError('FND_HANDSHAKE_REFUSED', `at 10.0.0.7: ${reason}`, {
        details: { reason },
      })
    const troubles = [
      refused('auth'),
      refused('auth'),
      refused('cluster_mismatch'),
      refused('version'),
    ]
    const text = await said(strangerCheck, patient({ observation: observation({ troubles }) }))
    assert.equal(text.split('\n').length, 3)
    assert.match(text, /^fail at 10\.0\.0\.7: auth .*foundation secret show/)
    assert.match(text, /^warn at 10\.0\.0\.7: cluster_mismatch/m)
  })

  it('reach: seen by others and not reached from here', async () => {
    const seen = status('ada', ['ada', 'bell'])
    const answers = [{ node: 'ada', status: seen }]
    const text = await said(reachCheck, patient({ observation: observation({ answers }) }))
    assert.match(text, /^fail bell is seen by ada and was not reached from here in 5000 ms/)
  })

  it('reach: found and not connected, seen by some and not by all, a member that is silent', async () => {
    const stuck = status('observer', [], [topology({ peers: [peer()] })])
    const seen = await said(reachCheck, patient({ observation: observation({ self: stuck }) }))
    assert.match(
      seen,
      /^fail bell is found by lan at 10\.0\.0\.2:7000, but no connection.*firewall/,
    )
    const calm = [
      peer({ lastDialFailure: 'refused' }),
      peer({ lastDialFailure: 'auth' }),
      peer({ isSelf: true }),
      peer({ knownForMs: 10 }),
    ]
    const self = status('observer', [], [topology({ peers: calm })])
    assert.doesNotMatch(
      await said(reachCheck, patient({ observation: observation({ self }) })),
      /fail/,
    )
    const answers = [
      { node: 'ada', status: status('ada', ['ada']) },
      { node: 'bell', status: status('bell', ['ada', 'bell']) },
      { node: 'curie', error: new Error('timed out') },
    ]
    const text = await said(reachCheck, patient({ observation: observation({ answers }) }))
    assert.match(text, /^fail ada does not see bell, which this machine does.*firewall/m)
    assert.match(text, /^fail curie is a member but does not answer: timed out/m)
  })

  it('reach: nobody, and nobody but another app', async () => {
    assert.match(await said(reachCheck, patient()), /^warn no other node of "shop".*start another/)
    const self = status(
      'observer',
      [],
      [topology({ figures: { rejected: { 'other-cluster': 3 } } })],
    )
    const text = await said(reachCheck, patient({ observation: observation({ self }) }))
    assert.match(text, /^fail .*another app.*same "app"/)
  })

  it('clock: off by more than the measurement can be', async () => {
    const clocks = [
      { node: 'ada', aheadMs: 90_000, errorMs: 20 },
      { node: 'bell', aheadMs: -5_000, errorMs: 20 },
      { node: 'curie', aheadMs: 3_000, errorMs: 2_000 },
    ]
    const text = await said(clockCheck, patient({ observation: observation({ clocks }) }))
    assert.match(text, /^fail the clock of ada is 90 s ahead of this one.*NTP/)
    assert.match(text, /^warn the clock of bell is 5 s behind this one/m)
    assert.doesNotMatch(text, /curie/)
  })

  it('settings: alone', async () => {
    const alone = patient({
      settings: settings({ mode: 'alone', topologies: {}, notes: ['a note'] }),
    })
    assert.match(
      await said(settingsCheck, alone),
      /^warn these settings leave a node alone.*\nwarn a note/,
    )
  })
})
