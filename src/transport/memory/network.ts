/** What a transport of the memory engine sees of the hub it is plugged into. */
import type { Host } from '../../kernel/index.ts'
import type { Path } from './faults.ts'
import type { MemoryOptions } from './options.ts'

/** Something whose held bytes may flow after the network changed. */
export interface Pokable {
  /** True while something will arrive without a change of the network. */
  readonly isMoving: boolean
  /** @returns false when nothing is held any more and nothing will be. */
  poke(): boolean
}

/** A single message under way. */
export interface Trip {
  cancel(): void
}

/** The hub, as far as it carries bytes. */
export interface Wires {
  readonly options: MemoryOptions
  path(from: string, to: string): Path
  /** One message over a connection of its own; `arrive` runs at `to`, on that node's host. */
  carry(route: { from: string; to: string; host?: Host }, arrive: () => void): Trip
  /** Keeps something informed of changes until `unwatch`, or until its `poke` returns false. */
  watch(pokable: Pokable): void
  unwatch(pokable: Pokable): void
}
