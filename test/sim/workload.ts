/** What the nodes of the simulation do: subscribe, publish, call. Seeded. */
import type { Subscription } from '../../src/pubsub/index.ts'
import type { Chance } from '../../src/testing/index.ts'
import { channelClasses, type ChannelClass } from '../../src/transport/index.ts'
import type { Calls } from './calls.ts'
import { lifelongTopic, type Deliveries, type Numbered } from './deliveries.ts'
import type { SimNode } from './sim-node.ts'
import type { World } from './world.ts'

/** Topics that are subscribed to and left again. */
export const topics = [
  'events.orders.created',
  'events.orders.paid',
  'control.leases',
  'telemetry.cpu',
  'bulk.backup',
] as const
const patterns = ['events.orders.*', 'events.>', '*.cpu', 'control.>'] as const

const largeBytes = 12_000
const smallBytes = 10

/** What one life does. */
interface Habits {
  readonly subscriptions: Map<string, Subscription>
  readonly numbers: Map<string, number>
}

/** One a world. */
export class Workload {
  /** Messages published so far. */
  published = 0
  readonly #world: World
  readonly #checks: { readonly deliveries: Deliveries; readonly calls: Calls }
  readonly #chance: Chance
  readonly #habits = new Map<SimNode, Habits>()
  readonly #received = new Map<string, number>()

  constructor(world: World, checks: { deliveries: Deliveries; calls: Calls }) {
    this.#world = world
    this.#checks = checks
    this.#chance = world.chance('workload')
  }

  /** Every life that is awake may do something. */
  step(): void {
    for (const life of this.#world.awake) {
      const habits = this.#habitsOf(life)
      if (this.#chance() < 0.08) this.#publishLifelong(life, habits)
      if (this.#chance() < 0.04) this.#publish(life, this.#pick(topics))
      if (this.#chance() < 0.02) this.#changeInterest(life, habits)
      if (this.#chance() < 0.04) this.#call(life)
    }
  }

  /** What a life is subscribed to, sorted: what all others should know of it. */
  interestOf(life: SimNode): string[] {
    return [
      ...channelClasses.map(lifelongTopic),
      ...this.#habitsOf(life).subscriptions.keys(),
    ].sort()
  }

  /** How often a life got the message published with this mark. */
  receivedMark(life: SimNode, mark: string): number {
    return this.#received.get(`${life.incarnation} ${mark}`) ?? 0
  }

  /** Publishes a message that is counted under a mark. */
  publishMark(life: SimNode, topic: string, mark: string): void {
    this.#habitsOf(life)
    life.parts.pubsub.broadcast(topic, { mark }).catch(() => undefined)
  }

  #habitsOf(life: SimNode): Habits {
    const known = this.#habits.get(life)
    if (known) return known
    const habits: Habits = { subscriptions: new Map(), numbers: new Map() }
    this.#habits.set(life, habits)
    this.#checks.calls.serve(life)
    for (const channelClass of channelClasses)
      this.#listenForLife(life, lifelongTopic(channelClass))
    return habits
  }

  #listenForLife(life: SimNode, topic: string): void {
    life.parts.pubsub.subscribe<string, unknown>(
      topic,
      (message, meta) => {
        if (isMark(message)) this.#countMark(life, message.mark)
        else this.#checks.deliveries.received(life, message as Numbered, meta)
      },
      {
        onGap: (gap) => {
          this.#checks.deliveries.gap(life, gap)
        },
      },
    )
  }

  #publishLifelong(life: SimNode, habits: Habits): void {
    const channelClass = this.#pick(channelClasses)
    if (this.#chance() < 0.02) {
      this.#flood(life, habits)
      return
    }
    const burst = this.#chance() < 0.08 ? 20 : 1
    for (let sent = 0; sent < burst; sent++) {
      const bytes = this.#chance() < 0.1 ? largeBytes : smallBytes
      this.#publishNumbered(life, habits, { channelClass, bytes })
    }
  }

  /** More than the queues hold, large and small in turn: a small one would fit where a large one waits. */
  #flood(life: SimNode, habits: Habits): void {
    const channelClass = this.#pick(['events', 'bulk'] as const)
    for (let sent = 0; sent < 40; sent++) {
      const bytes = sent % 2 === 0 ? largeBytes : smallBytes
      this.#publishNumbered(life, habits, { channelClass, bytes })
    }
  }

  #publishNumbered(
    life: SimNode,
    habits: Habits,
    { channelClass, bytes }: { channelClass: ChannelClass; bytes: number },
  ): void {
    const series = lifelongTopic(channelClass)
    const number = (habits.numbers.get(series) ?? 0) + 1
    habits.numbers.set(series, number)
    const by = life.incarnation
    const padding = new Uint8Array(bytes)
    const told = (): void => {
      this.#checks.deliveries.senderTold(by, series, number)
    }
    this.published += 1
    const message: Numbered = { by, series, number, padding }
    life.parts.pubsub.broadcast(series, message).then(({ dropped }) => {
      if (dropped > 0) told()
    }, told)
  }

  #publish(life: SimNode, topic: string): void {
    this.published += 1
    life.parts.pubsub.broadcast<string>(topic, { at: this.#world.nowMs }).catch(() => undefined)
  }

  #changeInterest(life: SimNode, { subscriptions }: Habits): void {
    const topic = this.#pick<string>(this.#chance() < 0.5 ? topics : patterns)
    const present = subscriptions.get(topic)
    if (present) {
      present.unsubscribe()
      subscriptions.delete(topic)
      return
    }
    const subscription = life.parts.pubsub.subscribe<string, unknown>(topic, (message) => {
      if (isMark(message)) this.#countMark(life, `${message.mark} via ${topic}`)
    })
    subscriptions.set(topic, subscription)
  }

  #call(life: SimNode): void {
    const target = this.#pick(this.#world.names)
    const timeoutMs = 50 + Math.floor(this.#chance() * 4_000)
    const workMs = this.#chance() < 0.3 ? this.#chance() * 1_000 : 0
    void this.#checks.calls.call(life, target, { timeoutMs, workMs })
  }

  #countMark(life: SimNode, mark: string): void {
    const key = `${life.incarnation} ${mark}`
    this.#received.set(key, (this.#received.get(key) ?? 0) + 1)
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#chance() * items.length)] as T
  }
}

function isMark(message: unknown): message is { mark: string } {
  return typeof message === 'object' && message !== null && 'mark' in message
}
