/** What the monitor gets of a node: views of its parts, and the remedies they have. */
import type { Config } from '../config/index.ts'
import type { Discovery } from '../discovery/index.ts'
import { FoundationError } from '../kernel/index.ts'
import type { Membership } from '../membership/index.ts'
import type { ClusterView, Remedies } from '../monitor/index.ts'
import type { PubSub } from '../pubsub/index.ts'
import type { Registry } from '../registry/index.ts'
import type { Supervisor } from '../supervisor/index.ts'
import type { Transport } from '../transport/index.ts'
import type { ClusterEvent } from './cluster-event.ts'

/** The parts the monitor looks at. */
export interface MonitoredParts {
  readonly transport: Transport
  readonly membership: Membership
  readonly pubsub: PubSub
  readonly discovery: Discovery
  readonly registry: Pick<Registry, 'count'>
  readonly supervisor: Pick<Supervisor, 'which'>
  readonly config: Pick<Config, 'digest'>
}

const everyStatus = ['alive', 'suspect', 'down', 'left'] as const

/** What the monitor sees. */
export function clusterViewOf(parts: MonitoredParts): ClusterView {
  const { transport, membership, pubsub, discovery } = parts
  const { registry, supervisor, config } = parts
  return {
    members: () => membership.members({ status: everyStatus }),
    quarantined: () => membership.dials.keptOut,
    isSelfSlow: () => membership.status().localHealth.multiplier > 1,
    refusal: () => membership.refusal?.message,
    links: () => transport.stats(),
    outage: () => transport.outage?.(),
    topologies: () => discovery.status(),
    pubsub: () => pubsub.stats(),
    namesOn: (node) => registry.count({ node }),
    children: () =>
      supervisor.which().map(({ id, node, state }) => ({ id, node, isFailed: state === 'failed' })),
    configDigest: () => config.digest(),
  }
}

/** What the monitor can have done. */
export function remediesOf(
  { membership, discovery }: MonitoredParts,
  emit: (event: ClusterEvent) => void,
): Remedies {
  return {
    redial: ({ target = '' }) => membership.dials.hasten(target),
    quarantine: ({ target = '', forMs = 0 }) => membership.quarantine(target, forMs),
    rediscover: () => {
      discovery.refresh()
      return true
    },
    expected: ({ reason }) => {
      emit({ type: 'trouble', error: new FoundationError('FND_MEMBERS_MISSING', reason) })
      return true
    },
  }
}
