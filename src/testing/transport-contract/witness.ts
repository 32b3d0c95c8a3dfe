/** A started transport that writes down all news, for the contract suite. */
import {
  channelClasses,
  type Admission,
  type ChannelClass,
  type DialFailure,
  type Inbound,
  type LinkDownReason,
  type LinkInfo,
  type NodeIdentity,
  type Transport,
} from '../../transport/index.ts'
import { describe, it, type TestContext } from 'node:test'
import { isFoundationError } from '../../kernel/index.ts'
import { until } from '../waiting/until.ts'

/** Where the transports of one test live. */
export interface TransportArena {
  /** A transport that was not started, which can reach all others of the arena. */
  create(nodeName: string): Transport
  /** Breaks the connections between two nodes, so that both see `lost`; tests that need it are skipped without it. */
  reset?(a: string, b: string): void | Promise<void>
  /** Frees what the arena itself holds; the suite stops the transports. */
  stop(): Promise<void>
}

/** What may differ from the usual identity of a witness. */
export interface WitnessOptions {
  readonly incarnation?: string
  readonly cluster?: string
  readonly admit?: (peer: NodeIdentity) => Admission | Promise<Admission>
}

/** One started node of a test. */
export class Witness {
  readonly identity: NodeIdentity
  readonly transport: Transport
  readonly ups: LinkInfo[] = []
  readonly downs: { peer: string; reason: LinkDownReason }[] = []
  readonly frames: Inbound[] = []
  readonly gaps: { peer: string; class: ChannelClass; count: number }[] = []
  readonly refusals: DialFailure[] = []
  readonly admitted: NodeIdentity[] = []
  addresses: readonly string[] = []

  constructor(transport: Transport, name: string, options: WitnessOptions) {
    this.transport = transport
    this.identity = {
      name,
      incarnation: options.incarnation ?? `1-${name}`,
      cluster: options.cluster ?? 'contract',
      addresses: [],
      roles: ['tested'],
      meta: { zone: 'east' },
    }
  }

  get name(): string {
    return this.identity.name
  }

  /** Where others dial it. */
  get address(): string {
    return this.addresses[0] ?? ''
  }

  async start(admit: WitnessOptions['admit']): Promise<void> {
    this.addresses = await this.transport.start(this.identity, {
      admit: (peer) => {
        this.admitted.push(peer)
        return admit ? admit(peer) : 'admit'
      },
      linkUp: (link) => this.ups.push(link),
      linkDown: ({ peer }, reason) => this.downs.push({ peer: peer.name, reason }),
      frame: (inbound) => this.frames.push(inbound),
      classDegraded: () => undefined,
      classRestored: () => undefined,
      gap: (peer, channelClass, count) => this.gaps.push({ peer, class: channelClass, count }),
      refused: ({ reason }) => this.refusals.push(reason),
    })
  }

  /** Sends text; waits for room when told to. */
  async say(peer: Witness, channelClass: ChannelClass, text: string): Promise<void> {
    const payload = Buffer.from(text)
    while (this.transport.send(peer.name, channelClass, payload) === 'full') {
      await this.transport.whenWritable(peer.name, channelClass)
    }
  }

  /** Texts heard from a peer on a class, in order. */
  heard(peer: Witness, channelClass: ChannelClass): string[] {
    return this.inboundOf(peer, channelClass).map(({ payload }) => Buffer.from(payload).toString())
  }

  /** What came from a peer on a class, in order. */
  inboundOf(peer: Witness, channelClass: ChannelClass): Inbound[] {
    return this.frames.filter(
      ({ from, class: name }) => from === peer.name && name === channelClass,
    )
  }

  /** Payloads of the peer reported lost. */
  missing(peer: Witness, channelClass: ChannelClass): number {
    return this.gaps
      .filter((gap) => gap.peer === peer.name && gap.class === channelClass)
      .reduce((sum, { count }) => sum + count, 0)
  }

  /** The reason a dial fails with; `'none'` when it does not fail. */
  async dialFailure(address: string): Promise<DialFailure | 'none'> {
    try {
      await this.transport.dial(address)
      return 'none'
    } catch (error) {
      if (!isFoundationError(error)) throw error
      return error.details?.['reason'] as DialFailure
    }
  }
}

/** The witnesses of one test; `stop` stops them all. */
export class Cast {
  readonly #arena: TransportArena
  readonly #witnesses: Witness[] = []

  constructor(arena: TransportArena) {
    this.#arena = arena
  }

  /** A node that is started. */
  async add(name: string, options: WitnessOptions = {}): Promise<Witness> {
    const witness = new Witness(this.#arena.create(name), name, options)
    this.#witnesses.push(witness)
    await witness.start(options.admit)
    return witness
  }

  /** Two nodes, `ann` and `bob`; `ann` has dialled, and both have the link. */
  async pair(): Promise<{ ann: Witness; bob: Witness }> {
    const ann = await this.add('ann')
    const bob = await this.add('bob')
    await this.link(ann, bob)
    return { ann, bob }
  }

  /** Dials and waits until both sides have the link. */
  async link(from: Witness, to: Witness): Promise<void> {
    const known = to.ups.length
    await from.transport.dial(to.address)
    await until(`${to.name} has the link`, () => to.ups.length > known)
  }

  /** Breaks the link of two nodes and waits until both have seen it; false when the arena can't. */
  async reset(a: Witness, b: Witness): Promise<boolean> {
    if (!this.#arena.reset) return false
    const seen = [a.downs.length, b.downs.length]
    await this.#arena.reset(a.name, b.name)
    await until('both sides lose the link', () =>
      [a, b].every((witness, index) => witness.downs.length > (seen[index] ?? 0)),
    )
    return true
  }

  async stop(): Promise<void> {
    for (const { transport } of this.#witnesses) await transport.stop(0)
    await this.#arena.stop()
  }
}

/** One test: what it does with a cast of its own. */
export type Story = (cast: Cast, context: TestContext) => Promise<void>

/** Tests by group and title. */
export type Stories = Readonly<Record<string, Readonly<Record<string, Story>>>>

/** Registers each story as a test whose cast is stopped also when the test fails. */
export function tell(
  stories: Stories,
  setup: () => TransportArena | Promise<TransportArena>,
): void {
  for (const [group, tests] of Object.entries(stories)) {
    describe(group, () => {
      for (const [title, story] of Object.entries(tests)) {
        it(title, async (context) => {
          const cast = new Cast(await setup())
          try {
            await story(cast, context)
          } finally {
            await cast.stop()
          }
        })
      }
    })
  }
}

/** Every class, for tests that loop over them. */
export const allClasses: readonly ChannelClass[] = channelClasses
