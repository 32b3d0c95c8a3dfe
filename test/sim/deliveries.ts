/** Checks what subscribers of the simulation receive: order, duplicates, holes nobody was told of. */
import type { Gap } from '../../src/pubsub/index.ts'
import type { ChannelClass } from '../../src/transport/index.ts'
import type { SimNode } from './sim-node.ts'
import type { World } from './world.ts'

/** A numbered message. Each sender life numbers each of its series from 1. */
export interface Numbered {
  /** Incarnation of the sender. */
  readonly by: string
  readonly series: string
  readonly number: number
  readonly padding: Uint8Array
}

/** What a receiver knows of one series. */
interface Heard {
  number: number
  epoch: number
  /** Lost stretches reported since the last message of the series. */
  gaps: number
}

/** A hole that is excused only if the sender was told that it could not send. */
interface Hole {
  readonly receiver: string
  readonly by: string
  readonly series: string
  readonly from: number
  readonly to: number
  readonly atMs: number
}

/** One a world. */
export class Deliveries {
  readonly #world: World
  readonly #heard = new Map<string, Heard>()
  readonly #holes: Hole[] = []
  /** Messages whose sender was told of trouble, as "by series number". */
  readonly #toldOf = new Set<string>()

  constructor(world: World) {
    this.#world = world
  }

  /** The sender knows that some peer did not get this one. */
  senderTold(by: string, series: string, number: number): void {
    this.#toldOf.add(`${by} ${series} ${String(number)}`)
  }

  /** `life` was told of a lost stretch on a channel. */
  gap(life: SimNode, { from, channel }: Gap): void {
    for (const [key, heard] of this.#heard) {
      if (key.startsWith(`${life.incarnation} ${from} ${channel} `)) heard.gaps += 1
    }
  }

  /** `life` received a message of a series it has listened to since it began. */
  received(
    life: SimNode,
    message: Numbered,
    meta: { from: string; channel: string; epoch: number },
  ): void {
    const { by, series, number } = message
    const key = `${life.incarnation} ${meta.from} ${meta.channel} ${by} ${series}`
    const heard = this.#heard.get(key)
    this.#heard.set(key, { number, epoch: meta.epoch, gaps: 0 })
    if (!heard) return
    if (number <= heard.number) {
      const again = number === heard.number ? 'twice' : `after ${String(heard.number)}`
      this.#world.records.violation(
        `${life.name} got ${series} ${String(number)} of ${by} ${again}`,
      )
    }
    if (number <= heard.number + 1 || heard.gaps > 0 || heard.epoch !== meta.epoch) return
    const hole = { from: heard.number + 1, to: number - 1, atMs: this.#world.nowMs }
    this.#holes.push({ receiver: life.name, by, series, ...hole })
  }

  /** Once every broadcast has settled: holes that nobody was told of. */
  checkHoles(): void {
    for (const hole of this.#holes) {
      const { receiver, by, series, from, to, atMs } = hole
      const untold = Array.from({ length: to - from + 1 }, (_, at) => from + at).filter(
        (number) => !this.#toldOf.has(`${by} ${series} ${String(number)}`),
      )
      if (untold.length === 0) continue
      const numbers = `${String(untold[0])} to ${String(untold.at(-1))}`
      this.#world.records.violation(
        `${receiver} misses ${series} ${numbers} of ${by} and nobody was told (at ${(atMs / 1_000).toFixed(3)})`,
      )
    }
  }
}

/** The series every node listens to all its life, one a class. */
export function lifelongTopic(channelClass: ChannelClass): string {
  return `${channelClass}.lifelong`
}
