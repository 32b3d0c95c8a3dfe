/** What the facade needs to build a node: every option checked, every default filled in. */
import { configRules, type ConfigOptions } from '../config/index.ts'
import { discoveryRules, type DiscoveryOptions, type Topology } from '../discovery/index.ts'
import { eventsRules, type EventsOptions } from '../events/index.ts'
import { invalid, resolveRules, type Host, type Keyring, type Log } from '../kernel/index.ts'
import { membershipPresets, membershipRules, type MembershipOptions } from '../membership/index.ts'
import { monitorRules, type MonitorOptions, type VitalsSource } from '../monitor/index.ts'
import {
  channelTable,
  pubsubRules,
  type ChannelOptions,
  type PubSubOptions,
} from '../pubsub/index.ts'
import { registryRules, type RegistryOptions } from '../registry/index.ts'
import type { OwnerLogOptions } from '../replication/index.ts'
import { rpcRules, type RpcOptions } from '../rpc/index.ts'
import type { CheckedOptions, Mode } from '../setup/index.ts'
import {
  supervisorRules,
  type ServiceClasses,
  type SupervisorOptions,
} from '../supervisor/index.ts'
import type { ChannelClass, NodeIdentity, TransportEngine } from '../transport/index.ts'

/** Options of the parts, resolved. */
export interface PartOptions {
  readonly membership: MembershipOptions
  readonly pubsub: PubSubOptions
  readonly rpc: RpcOptions
  readonly registry: RegistryOptions
  readonly config: ConfigOptions
  readonly events: EventsOptions
  readonly supervisor: SupervisorOptions
  readonly monitor: MonitorOptions
  readonly discovery: DiscoveryOptions
  /** Default: as it comes. */
  readonly ownerLog?: OwnerLogOptions
}

/** Everything one node is made of. */
export interface NodeSettings {
  readonly host: Host
  readonly log: Log
  readonly identity: NodeIdentity
  readonly engine: TransportEngine
  /** Absent with certificates, and with an engine of the user's own. */
  readonly keyring: Keyring | undefined
  /** Where the secret came from, for people. */
  readonly secretOrigin: string | undefined
  readonly mode: Mode
  readonly topologies: Readonly<Record<string, Topology>>
  readonly interfaces: readonly string[] | undefined
  readonly channels: Readonly<Record<string, ChannelOptions>>
  readonly parts: PartOptions
  /** What the supervisor may start here. */
  readonly classes: ServiceClasses
  readonly vitals: VitalsSource
  /** Stacks of failed handlers are sent to the caller. */
  readonly isDevelopment: boolean
  readonly handlesSignals: boolean
}

/**
 * Checks each part's own options; a preset lies between the defaults and what was given.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID`
 */
export function resolvePartOptions(options: CheckedOptions): PartOptions {
  const preset = membershipPresets[options.preset ?? 'lan']
  // Checked as given first, so that a message names the user's value and not the preset's.
  resolveRules(membershipRules, options.membership, 'membership')
  const membership = { ...preset, ...options.membership }
  return {
    membership: checkOrder(resolveRules(membershipRules, membership, 'membership')),
    pubsub: resolveRules(pubsubRules, options.pubsub, 'pubsub'),
    rpc: resolveRules(rpcRules, options.rpc, 'rpc'),
    registry: resolveRules(registryRules, options.registry, 'registry'),
    config: resolveRules(configRules, options.config, 'config'),
    events: resolveRules(eventsRules, options.events, 'events'),
    supervisor: resolveRules(supervisorRules, options.supervisor, 'supervisor'),
    monitor: resolveRules(monitorRules, options.monitor, 'monitor'),
    discovery: resolveRules(discoveryRules, options.discovery, 'discovery'),
  }
}

/** A verdict no later than the suspicion would leave a suspect no time to answer. */
function checkOrder(membership: MembershipOptions): MembershipOptions {
  const { suspectAfterMs, downAfterMs } = membership
  if (downAfterMs > suspectAfterMs) return membership
  const problem = `expected more than membership.suspectAfterMs (${String(suspectAfterMs)})`
  throw invalid('membership.downAfterMs', problem, downAfterMs)
}

/** Queue bounds of the engine that follow from the channels: the largest of each class counts. */
export function queueBoundsOf(
  channels: Readonly<Record<string, ChannelOptions>>,
): Partial<Record<`${ChannelClass}QueueMaxBytes`, number>> {
  const bounds: Partial<Record<`${ChannelClass}QueueMaxBytes`, number>> = {}
  for (const { class: channelClass, queueMaxBytes } of channelTable(channels).values()) {
    if (queueMaxBytes === undefined) continue
    const key = `${channelClass}QueueMaxBytes` as const
    bounds[key] = Math.max(bounds[key] ?? 0, queueMaxBytes)
  }
  return bounds
}
