/** A link between two of the nodes that goes and comes back, over and over, on a seeded schedule. */
import type { Chance } from '../../../src/testing/index.ts'
import type { World } from '../world.ts'

const shortestMs = 200
const longestMs = 20_000

/** One a world. */
export class FlappingLink {
  /** How often it went. */
  cuts = 0
  readonly #world: World
  readonly #pair: readonly [string, string]
  readonly #chance: Chance
  #state: 'up' | 'cut' | 'left alone' = 'up'

  constructor(world: World) {
    const [a, b] = world.names
    if (a === undefined || b === undefined) throw new Error('a link has two ends')
    this.#world = world
    this.#pair = [a, b]
    this.#chance = world.chance('flaps')
  }

  /** From now on it comes and goes. */
  begin(): void {
    this.#later(() => {
      this.#cut()
    })
  }

  /** While it is cut, the two cannot hear each other well; to be called every some seconds. */
  look(): void {
    if (this.#state === 'cut') this.#world.troubles.touchPair(...this.#pair)
  }

  /** From now on it stays up. */
  end(): void {
    this.#mend()
    this.#state = 'left alone'
  }

  #cut(): void {
    if (this.#state === 'left alone') return
    this.#world.records.note('link', 'cut')
    this.#world.hub.cut(...this.#pair)
    this.#state = 'cut'
    this.cuts += 1
    this.look()
    this.#later(() => {
      if (this.#state === 'left alone') return
      this.#mend()
      this.begin()
    })
  }

  #mend(): void {
    this.look()
    this.#world.records.note('link', 'mended')
    this.#world.hub.mend(...this.#pair)
    this.#state = 'up'
  }

  /** Short times are as likely as long ones. */
  #later(run: () => void): void {
    const delayMs = shortestMs * (longestMs / shortestMs) ** this.#chance()
    this.#world.clock.host('flaps').after(delayMs, run)
  }
}
