/** `node.status()`: the whole node as plain JSON, for people, CLI and health checks. */
import type { ConfigStats } from '../config/index.ts'
import type { TopologyStatus } from '../discovery/index.ts'
import type { Events } from '../events/index.ts'
import type { LifecycleState } from '../kernel/index.ts'
import type { Member, Membership } from '../membership/index.ts'
import type { Health } from '../monitor/index.ts'
import type { PubSub } from '../pubsub/index.ts'
import type { LogState, OwnerLogStats, VersionedMapStats } from '../replication/index.ts'
import type { Registry, ServiceHost } from '../registry/index.ts'
import type { Rpc } from '../rpc/index.ts'
import type { Mode } from '../setup/index.ts'
import type { SupervisorStatus } from '../supervisor/index.ts'
import type { LinkStats } from '../transport/index.ts'
import type { Parts } from './parts.ts'
import type { NodeSettings } from './settings.ts'

/** The rpc handler every node exports: it answers with its own {@link NodeStatus}. */
export const statusHandler = 'foundation.status'

/** What `node.status()` gives. */
export interface NodeStatus {
  readonly name: string
  readonly app: string
  readonly incarnation: string
  readonly state: LifecycleState
  /** Wall clock of its machine when this was said, milliseconds since 1970. */
  readonly at: number
  readonly uptimeMs: number
  readonly mode: Mode
  readonly engine: string
  readonly addresses: readonly string[]
  /** Equal fingerprints mean equal secrets; absent with certificates or a user's own engine. */
  readonly secret: { readonly fingerprint: string; readonly origin: string | undefined } | undefined
  /** As `monitor.health()`. */
  readonly health: Health
  readonly members: readonly Member[]
  readonly links: readonly LinkStats[]
  readonly topologies: readonly TopologyStatus[]
  readonly membership: ReturnType<Membership['status']>
  readonly pubsub: ReturnType<PubSub['stats']>
  readonly rpc: ReturnType<Rpc['stats']>
  readonly registry: ReturnType<Registry['stats']> & {
    readonly services: ReturnType<ServiceHost['stats']>
  }
  readonly config: ConfigStats
  readonly events: ReturnType<Events['stats']>
  readonly supervisor: SupervisorStatus
  readonly replication: OwnerLogStats & {
    readonly logs: readonly LogState[]
    readonly map: VersionedMapStats
  }
  /** Messages of peers that were not understood. */
  readonly rejectedMessages: number
}

/** Collects the status of every part. */
export function statusOf(
  settings: NodeSettings,
  parts: Parts,
  life: { readonly state: LifecycleState; readonly uptimeMs: number },
): NodeStatus {
  const { host, identity, mode, engine, keyring, secretOrigin } = settings
  return {
    name: identity.name,
    app: identity.cluster,
    incarnation: identity.incarnation,
    ...life,
    at: host.wallClockMs(),
    mode,
    engine: engine.kind,
    addresses: parts.membership.self.addresses,
    secret: keyring && { fingerprint: keyring.fingerprint, origin: secretOrigin },
    health: parts.monitor.health(),
    members: parts.membership.members(),
    links: parts.transport.stats(),
    topologies: parts.discovery.status(),
    membership: parts.membership.status(),
    pubsub: parts.pubsub.stats(),
    rpc: parts.rpc.stats(),
    registry: { ...parts.registry.stats(), services: parts.services.stats() },
    config: parts.config.stats(),
    events: parts.events.stats(),
    supervisor: parts.supervisor.status(),
    replication: {
      ...parts.ownerLog.stats(),
      logs: parts.ownerLog.digest(),
      map: parts.versionedMap.stats(),
    },
    rejectedMessages: parts.router.rejected,
  }
}
