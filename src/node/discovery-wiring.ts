/** What discovery gets of a node: it proposes addresses, membership dials and knows who answered. */
import type { DiscoveryDeps, DiscoveryEvent } from '../discovery/index.ts'
import { FoundationError, type Telemetry } from '../kernel/index.ts'
import type { Membership } from '../membership/index.ts'
import type { ClusterEvent } from './cluster-event.ts'
import type { NodeSettings } from './settings.ts'

/** What the wiring joins. */
export interface DiscoveryWiring {
  readonly settings: NodeSettings
  readonly telemetry: Telemetry
  readonly membership: Membership
  readonly emit: (event: ClusterEvent) => void
}

/** Addresses whose node is remembered; beyond it they are learnt anew. */
const answeredMax = 4096

/** Who answered at which address: a name in DNS is not among a member's own addresses. */
class AnsweredAddresses {
  readonly #names = new Map<string, string>()
  readonly #membership: Membership

  constructor(membership: Membership) {
    this.#membership = membership
  }

  add(address: string, name: string): void {
    if (this.#names.size >= answeredMax) this.#names.clear()
    this.#names.set(address, name)
  }

  /** The linked node at an address. */
  find(address: string): string | undefined {
    const answered = this.#names.get(address)
    if (answered !== undefined && this.#membership.roster.isLinked(answered)) return answered
    return this.#membership.roster.linkedAt(address)
  }
}

/** Joins discovery to membership. */
export function discoveryDepsOf({
  settings,
  telemetry,
  membership,
  emit,
}: DiscoveryWiring): DiscoveryDeps {
  const { host, log, identity, keyring, interfaces } = settings
  const { name, incarnation, cluster } = identity
  const answered = new AnsweredAddresses(membership)
  return {
    host,
    log,
    telemetry,
    self: () => ({ name, incarnation, cluster, addresses: membership.self.addresses }),
    keyring,
    interfaces,
    connect: async (_hint, address, topology) => {
      const member = await membership.connect(address, { provenance: topology })
      answered.add(address, member.name)
      return true
    },
    disconnect: (nodeName) => membership.disconnect(nodeName),
    listNodes: () => membership.peers(),
    nodeAt: (address) => answered.find(address),
    isReachable: (nodeName) => membership.roster.statusOf(nodeName) === 'alive',
    news: (event) => {
      if (event.type === 'notice') emit({ type: 'trouble', error: noticeError(event) })
    },
  }
}

function noticeError(event: Extract<DiscoveryEvent, { type: 'notice' }>): FoundationError {
  const { topology, code: reason, address, detail } = event
  const details = { topology, reason, ...(address !== undefined && { address }) }
  return new FoundationError('FND_DISCOVERY_FAILED', detail, { details })
}
