/**
 * The one table of what libcluster's configuration means here: its strategy modules and the keys of
 * each. The catalogue, topologies, `foundation import` and the migration guide all read it. Pure.
 * @source libcluster 3.5.0, the module documentation of each strategy
 */
import { FoundationError, invalid } from '../kernel/index.ts'

type Options = Readonly<Record<string, unknown>>

/** One key of a libcluster strategy. */
export interface LibclusterKey {
  /** For people: the option it becomes, or why there is none. */
  readonly becomes: string
  /** A value as its documentation shows it. */
  readonly example: unknown
  /**
   * `renamed`: the value stays as it is. `derived`: it is made of the value. `needless`: nothing is
   * lost without it. `refused`: it cannot be carried over; `becomes` says what to do.
   */
  readonly kind: 'renamed' | 'derived' | 'needless' | 'refused'
  /** The options of ours it stands for. `config` is all of what was given beside it. */
  options(value: unknown, config: Options): Options
}

/** One strategy of libcluster. */
export interface LibclusterModule {
  readonly module: string
  /** The strategy that takes its place. */
  readonly strategy: string
  readonly keys: Readonly<Record<string, LibclusterKey>>
}

const same = (key: string, example: unknown): LibclusterKey => renamed(key, example)

function renamed(key: string, example: unknown): LibclusterKey {
  return {
    becomes: `\`${key}\``,
    example,
    kind: 'renamed',
    options: (value) => ({ [key]: value }),
  }
}

function derived(
  becomes: string,
  example: unknown,
  options: LibclusterKey['options'],
): LibclusterKey {
  return { becomes, example, kind: 'derived', options }
}

/** Accepted, without an effect: `why` says that nothing is lost. */
function needless(why: string, example: unknown): LibclusterKey {
  return { becomes: why, example, kind: 'needless', options: () => ({}) }
}

function refused(advice: string, example: unknown): LibclusterKey {
  const options = (): never => {
    throw new FoundationError(
      'FND_OPTION_INVALID',
      `This key of libcluster has no equal: ${advice}`,
    )
  }
  return { becomes: advice, example, kind: 'refused', options }
}

const noNames = 'nothing: a node tells its own name when it is dialled'
const ownResolver = 'no equal: give `servers`, or write a strategy class of your own'
const poll = { polling_interval: renamed('pollIntervalMs', 5000) }

/** Every strategy libcluster ships. */
export const libclusterModules: readonly LibclusterModule[] = [
  {
    module: 'Cluster.Strategy.Epmd',
    strategy: 'static',
    keys: {
      hosts: derived(
        '`hosts`; the part after "@", at the port all nodes share',
        ['a@10.0.0.1'],
        (hosts) => ({
          hosts,
        }),
      ),
      timeout: derived('`pollIntervalMs`; `:infinity` is not needed', 30_000, (value) =>
        Number.isInteger(value) ? { pollIntervalMs: value } : {},
      ),
    },
  },
  { module: 'Cluster.Strategy.LocalEpmd', strategy: 'local', keys: {} },
  {
    module: 'Cluster.Strategy.ErlangHosts',
    strategy: 'file',
    keys: {
      timeout: derived('`pollIntervalMs`; `:infinity` is not needed', 30_000, (value) =>
        Number.isInteger(value) ? { pollIntervalMs: value } : {},
      ),
    },
  },
  {
    module: 'Cluster.Strategy.Gossip',
    strategy: 'gossip',
    keys: {
      port: same('port', 45_892),
      if_addr: derived('`interfaces`; "0.0.0.0" means all', '0.0.0.0', (value) =>
        value === '0.0.0.0' ? {} : { interfaces: value },
      ),
      multicast_if: renamed('interfaces', '192.168.1.1'),
      multicast_addr: renamed('address', '233.252.1.32'),
      multicast_ttl: renamed('ttl', 1),
      broadcast_only: renamed('broadcast', false),
      secret: same('secret', 'a secret of the cluster'),
    },
  },
  {
    module: 'Cluster.Strategy.Kubernetes',
    strategy: 'kubernetes',
    keys: {
      kubernetes_node_basename: needless(noNames, 'shop'),
      kubernetes_selector: renamed('labelSelector', 'app=shop'),
      kubernetes_namespace: renamed('namespace', 'default'),
      kubernetes_service_name: renamed('service', 'shop-headless'),
      kubernetes_ip_lookup_mode: needless(
        'nothing: EndpointSlices when `service` is given, else pods',
        'pods',
      ),
      mode: needless('nothing: pods are dialled by address', 'ip'),
      kubernetes_cluster_name: needless('nothing: it is only part of node names', 'cluster'),
      kubernetes_master: derived('`apiServer`', 'kubernetes.default.svc', (value) => ({
        apiServer: `https://${String(value)}`,
      })),
      kubernetes_service_account_path: renamed(
        'serviceAccountFolder',
        '/var/run/secrets/kubernetes.io/serviceaccount',
      ),
      kubernetes_use_cached_resources: needless('nothing: always so', false),
      ...poll,
    },
  },
  {
    module: 'Cluster.Strategy.Kubernetes.DNS',
    strategy: 'dns',
    keys: {
      service: renamed('query', 'shop-headless'),
      application_name: needless(noNames, 'shop'),
      resolver: refused(ownResolver, 'a function'),
      ...poll,
    },
  },
  {
    module: 'Cluster.Strategy.Kubernetes.DNSSRV',
    strategy: 'dns',
    keys: {
      service: derived(
        '`query: "<service>.<namespace>.svc.cluster.local"` with `type: "srv"`; the port of the record is used',
        'shop-headless',
        serviceRecord,
      ),
      namespace: needless('a part of `query`', 'default'),
      application_name: needless(noNames, 'shop'),
      resolver: refused(ownResolver, 'a function'),
      ...poll,
    },
  },
  {
    module: 'Cluster.Strategy.DNSPoll',
    strategy: 'dns',
    keys: {
      query: same('query', 'shop.internal'),
      node_basename: needless(noNames, 'shop'),
      resolver: refused(ownResolver, 'a function'),
      ...poll,
    },
  },
  {
    module: 'Cluster.Strategy.Rancher',
    strategy: 'rancher',
    keys: { node_basename: needless(noNames, 'shop'), ...poll },
  },
]

/** The strategy a module name stands for; `Elixir.` in front and upper or lower case do not matter. */
export function findLibclusterModule(name: string): LibclusterModule | undefined {
  const wanted = name.replace(/^Elixir\./, '').toLowerCase()
  return libclusterModules.find(({ module }) => module.toLowerCase() === wanted)
}

/**
 * What a key of libcluster means for a strategy of ours.
 *
 * @param module the name the user wrote; without it any module this strategy takes the place of.
 */
export function findLibclusterKey(
  key: string,
  { strategy, module }: { strategy: string; module: LibclusterModule | undefined },
): LibclusterKey | undefined {
  const candidates = module
    ? [module]
    : libclusterModules.filter((candidate) => candidate.strategy === strategy)
  return candidates.find(({ keys }) => Object.hasOwn(keys, key))?.keys[key]
}

function serviceRecord(service: unknown, { namespace }: Options): Options {
  if (typeof namespace !== 'string') {
    throw invalid('namespace', 'expected the namespace of the service', namespace)
  }
  return { query: `${String(service)}.${namespace}.svc.cluster.local`, type: 'srv' }
}
