/**
 * Puts together what several interfaces see: one node may be seen on each, and a restarted node
 * beside what is left of its former self. Pure.
 */
import type { FoundInstance } from './browser.ts'

interface Sighting {
  readonly place: string
  readonly found: FoundInstance
}

/** All instances seen, by the place (interface) they are seen at. */
export class Sightings {
  readonly #all = new Map<string, Sighting>()

  /** @returns the instance when it is the best known of its node; nothing when it is old news. */
  seen(place: string, found: FoundInstance): FoundInstance | undefined {
    this.#all.set(keyOf(place, found), { place, found })
    const best = this.#best(found)
    return best?.incarnation === found.incarnation ? found : undefined
  }

  /** @returns the best that is still seen of the node; nothing when it is gone altogether. */
  gone(place: string, found: FoundInstance): FoundInstance | undefined {
    this.#all.delete(keyOf(place, found))
    return this.#best(found)
  }

  /** The interface is gone, and all that was seen there. */
  lost(place: string): FoundInstance[] {
    return [...this.#all.values()]
      .filter((sighting) => sighting.place === place)
      .map(({ found }) => found)
  }

  #best(wanted: FoundInstance): FoundInstance | undefined {
    const same = [...this.#all.values()]
      .map(({ found }) => found)
      .filter((found) => nodeOf(found) === nodeOf(wanted))
    // Incarnations of a name sort by the time of their start.
    return same.reduce<FoundInstance | undefined>(
      (best, found) =>
        best === undefined || (found.incarnation ?? '') > (best.incarnation ?? '') ? found : best,
      undefined,
    )
  }
}

function keyOf(place: string, { instance }: FoundInstance): string {
  return `${place} ${instance}`
}

function nodeOf({ nodeName, instance }: FoundInstance): string {
  return nodeName ?? instance
}
