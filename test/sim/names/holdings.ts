/** What the lives of the simulation own, by their own word: the truth that tables are compared with. */
import type { GroupMembership, Registration } from '../../../src/registry/index.ts'
import type { SimNode } from '../sim-node.ts'

/** One registration of one life. */
export interface Holding {
  readonly life: SimNode
  readonly registration: Registration
  /** The incarnations its life saw when it got the name. */
  readonly view: ReadonlySet<string>
  state: 'held' | 'given-up' | 'lost'
  /** What its `onConflictLost` was told, once. */
  lostTo: string | undefined
}

/** One a world. */
export class Holdings {
  /** Present and former ones, newest last, by life and name. */
  readonly #holdings = new Map<string, Holding[]>()
  readonly groups: Map<SimNode, Map<string, GroupMembership>> = new Map()
  /** Every claim some life ever said it has, as "node incarnation name epoch". */
  readonly #said = new Set<string>()

  add(holding: Holding): void {
    const { life, registration } = holding
    const key = keyOf(life, registration.name)
    this.#holdings.set(key, [...(this.#holdings.get(key) ?? []), holding])
    this.#said.add(claimOf(life, registration.name, registration.epoch))
  }

  /** The latest of a life and a name. */
  latest(life: SimNode, name: string): Holding | undefined {
    return this.#holdings.get(keyOf(life, name))?.at(-1)
  }

  /** What the latest but one had for an epoch. */
  formerEpoch(life: SimNode, name: string): number {
    return this.#holdings.get(keyOf(life, name))?.at(-2)?.registration.epoch ?? 0
  }

  /** What a life holds now. */
  of(life: SimNode): Holding[] {
    const all = [...this.#holdings.values()].map((holdings) => holdings.at(-1))
    return all.filter((holding): holding is Holding => {
      return holding?.life === life && holding.state === 'held' && !isLost(holding)
    })
  }

  /** Lives that hold a name now, of those given. */
  holders(name: string, lives: readonly SimNode[]): SimNode[] {
    return lives.filter((life) => {
      const holding = this.latest(life, name)
      return holding?.state === 'held' && !isLost(holding)
    })
  }

  /** Whether that life ever had the name with that epoch. */
  wasSaid(life: SimNode, name: string, epoch: number): boolean {
    return this.#said.has(claimOf(life, name, epoch))
  }
}

/** Lost, whether or not its user has been told yet. */
function isLost({ registration, lostTo }: Holding): boolean {
  return lostTo !== undefined || registration.lost.aborted
}

function keyOf(life: SimNode, name: string): string {
  return `${life.incarnation} ${name}`
}

function claimOf(life: SimNode, name: string, epoch: number): string {
  return `${life.name} ${life.incarnation} ${name} ${String(epoch)}`
}

/** The incarnations a life sees. */
export function viewOf(life: SimNode): ReadonlySet<string> {
  return new Set(life.parts.membership.members().map(({ incarnation }) => incarnation))
}
