/** `node.status()`: the whole node as plain JSON, for people, CLI and health checks. */
import type { TopologyStatus } from '../discovery/index.ts'
import type { LifecycleState } from '../kernel/index.ts'
import type { Member, Membership } from '../membership/index.ts'
import type { PubSub } from '../pubsub/index.ts'
import type { LogState, OwnerLogStats } from '../replication/index.ts'
import type { Rpc } from '../rpc/index.ts'
import type { Mode } from '../setup/index.ts'
import type { LinkStats } from '../transport/index.ts'
import type { Parts } from './parts.ts'
import type { NodeSettings } from './settings.ts'

/** What `node.status()` gives. */
export interface NodeStatus {
  readonly name: string
  readonly app: string
  readonly incarnation: string
  readonly state: LifecycleState
  readonly uptimeMs: number
  readonly mode: Mode
  readonly engine: string
  readonly addresses: readonly string[]
  /** Equal fingerprints mean equal secrets; absent with certificates or a user's own engine. */
  readonly secret: { readonly fingerprint: string; readonly origin: string | undefined } | undefined
  readonly members: readonly Member[]
  readonly links: readonly LinkStats[]
  readonly topologies: readonly TopologyStatus[]
  readonly membership: ReturnType<Membership['status']>
  readonly pubsub: ReturnType<PubSub['stats']>
  readonly rpc: ReturnType<Rpc['stats']>
  readonly replication: OwnerLogStats & { readonly logs: readonly LogState[] }
  /** Messages of peers that were not understood. */
  readonly rejectedMessages: number
}

/** Collects the status of every part. */
export function statusOf(
  settings: NodeSettings,
  parts: Parts,
  life: { readonly state: LifecycleState; readonly uptimeMs: number },
): NodeStatus {
  const { identity, mode, engine, keyring, secretOrigin } = settings
  return {
    name: identity.name,
    app: identity.cluster,
    incarnation: identity.incarnation,
    ...life,
    mode,
    engine: engine.kind,
    addresses: parts.membership.self.addresses,
    secret: keyring && { fingerprint: keyring.fingerprint, origin: secretOrigin },
    members: parts.membership.members(),
    links: parts.transport.stats(),
    topologies: parts.discovery.status(),
    membership: parts.membership.status(),
    pubsub: parts.pubsub.stats(),
    rpc: parts.rpc.stats(),
    replication: { ...parts.ownerLog.stats(), logs: parts.ownerLog.digest() },
    rejectedMessages: parts.router.rejected,
  }
}
