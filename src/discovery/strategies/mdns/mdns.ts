/**
 * `mdns`: nodes announce and find each other by DNS service discovery over multicast DNS, as printers
 * do, in the type `_foundation._tcp`. Needs the package `multicast-dns`. Records carry a hash of the
 * cluster's name and never the secret: whoever is found is authenticated by the handshake.
 */
import { integer, optional, type Check, type Rules } from '../../../kernel/index.ts'
import type { PushStrategy, StrategyContext, StrategyDefinition } from '../../port/port.ts'
import {
  interfacesRule,
  wantedInterfaces,
  type InterfacesOption,
} from '../network/wanted-interfaces.ts'
import { MdnsSession } from './mdns-session.ts'

/** Options of `mdns`. */
export interface MdnsOptions {
  /** Interface names or IPv4 addresses, a list or comma-separated; all when left out. */
  readonly interfaces: InterfacesOption
  /** How long others keep what this node announced, in whole seconds on the wire. 10 000 to 4 500 000. */
  readonly ttlMs: number
  /** UDP port; another than 5353 is heard by nodes with the same setting only. 1 to 65535. */
  readonly port: number
  /** The package `multicast-dns` itself, for programs in one bundle; imported when left out. */
  readonly lib: unknown
}

const libraryCheck: Check = (value) =>
  typeof value === 'function' ? undefined : 'expected what "multicast-dns" exports'

/** The rules of {@link MdnsOptions}. */
export const mdnsRules: Rules<MdnsOptions> = {
  interfaces: interfacesRule,
  ttlMs: integer(120_000, { min: 10_000, max: 4_500_000 }),
  port: integer(5_353, { min: 1, max: 65_535 }),
  lib: optional(libraryCheck),
}

/** The `mdns` strategy. */
export const mdnsStrategy: StrategyDefinition<MdnsOptions> = {
  name: 'mdns',
  aliases: ['bonjour', 'zeroconf'],
  rules: mdnsRules,
  create: (options) => new Mdns(options),
}

class Mdns implements PushStrategy {
  readonly kind = 'push'
  readonly #options: MdnsOptions
  #session: MdnsSession | undefined

  constructor(options: MdnsOptions) {
    this.#options = options
  }

  async start(context: StrategyContext): Promise<void> {
    if (this.#session) return
    const { port, ttlMs, lib: library, interfaces } = this.#options
    const wanted = wantedInterfaces(interfaces, context.interfaces)
    const session = new MdnsSession(context, {
      port,
      library,
      wanted,
      ttlSeconds: Math.round(ttlMs / 1_000),
    })
    this.#session = session
    try {
      await session.start()
    } catch (error) {
      this.#session = undefined
      await session.stop()
      throw error
    }
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
