/**
 * `gossip`: nodes announce themselves by UDP multicast (or broadcast) on the local network.
 * Packets are sealed with a key derived from the cluster secret. In a cluster that uses
 * certificates instead of a secret they are plain, and anybody on the network could make one: that
 * is accepted, because a hint only leads to a dial and the handshake turns impostors away.
 */
import { isIP } from 'node:net'
import {
  FoundationError,
  flag,
  integer,
  Keyring,
  optional,
  textCheck,
  type Rules,
} from '../../../kernel/index.ts'
import type { PushStrategy, StrategyContext, StrategyDefinition } from '../../port/port.ts'
import {
  interfacesRule,
  wantedInterfaces,
  type InterfacesOption,
} from '../network/wanted-interfaces.ts'
import { GossipSession } from './gossip-session.ts'

/** Options of `gossip`. */
export interface GossipOptions {
  /** UDP port. 1 to 65535. */
  readonly port: number
  /** Multicast group, IPv4; 233.252.1.33 if left out. With `broadcast`: where to, else each interface's own address. */
  readonly address: string | undefined
  /** Routers a multicast packet may pass, plus 1. 1 to 32. */
  readonly ttl: number
  /** Broadcast instead of multicast. */
  readonly broadcast: boolean
  /** Interface names or IPv4 addresses, a list or comma-separated; all when left out. */
  readonly interfaces: InterfacesOption
  /** Between two heartbeats, moved by up to 50 %. */
  readonly intervalMs: number
  /** Another secret than the cluster's, for this topology only. */
  readonly secret: string | undefined
}

const defaultGroup = '233.252.1.33'

/** The rules of {@link GossipOptions}. */
export const gossipRules: Rules<GossipOptions> = {
  port: integer(45_893, { min: 1, max: 65_535 }),
  address: optional((value) =>
    typeof value === 'string' && isIP(value) === 4 ? undefined : 'expected an IPv4 address',
  ),
  ttl: integer(1, { min: 1, max: 32 }),
  broadcast: flag(false),
  interfaces: interfacesRule,
  intervalMs: integer(2_500, { min: 50, max: 60_000 }),
  secret: optional(textCheck),
}

/** The `gossip` strategy. */
export const gossipStrategy: StrategyDefinition<GossipOptions> = {
  name: 'gossip',
  aliases: ['multicast'],
  rules: gossipRules,
  create: (options) => new Gossip(options),
}

class Gossip implements PushStrategy {
  readonly kind = 'push'
  readonly #options: GossipOptions
  #session: GossipSession | undefined

  constructor(options: GossipOptions) {
    const { address, broadcast } = options
    if (!broadcast && address !== undefined && !isMulticast(address)) {
      throw new FoundationError(
        'FND_OPTION_INVALID',
        `Option "address" of gossip: expected a multicast group (224.0.0.0 to 239.255.255.255), ` +
          `got ${address}; set broadcast: true to broadcast`,
      )
    }
    this.#options = options
  }

  async start(context: StrategyContext): Promise<void> {
    if (this.#session) return
    const { port, ttl, broadcast, intervalMs, secret, address, interfaces } = this.#options
    this.#session = new GossipSession(context, {
      port,
      ttl,
      intervalMs,
      isBroadcast: broadcast,
      target: address ?? (broadcast ? undefined : defaultGroup),
      wanted: wantedInterfaces(interfaces, context.interfaces),
      keyring: secret === undefined ? context.keyring : new Keyring([secret]),
    })
    await this.#session.start()
  }

  async stop(): Promise<void> {
    const session = this.#session
    this.#session = undefined
    await session?.stop()
  }

  refresh(): void {
    this.#session?.ask()
  }

  figures(): Record<string, unknown> {
    return this.#session?.figures() ?? {}
  }
}

function isMulticast(address: string): boolean {
  const first = Number(address.split('.')[0])
  return first >= 224 && first <= 239
}
