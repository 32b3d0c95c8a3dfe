/**
 * Decides whom this node suspects and whom it gives up. Pure: it is told the time, what was heard
 * and how long each peer has been silent, and answers with what to do.
 *
 * Each node judges for itself: verdicts do not spread. Evidence is what this node hears (any frame
 * is a heartbeat), what the members it asks report, and refused dials. In a full mesh everybody has
 * a link to everybody, so spreading verdicts would add false alarms and save no time.
 * @source SWIM (https://www.cs.cornell.edu/projects/Quicksilver/public_pdfs/SWIM.pdf), sections 3
 *   and 4: indirect probes, suspicion, refutation; growth with log10 n as in memberlist.
 */
import type { MemberCause } from './members/member.ts'

/** Options the detector needs. */
export interface DetectorOptions {
  readonly suspectAfterMs: number
  readonly downAfterMs: number
}

/** What is to be done about the member `name`. */
export type DetectorEffect =
  | { readonly effect: 'suspect'; readonly name: string; readonly cause: MemberCause }
  | { readonly effect: 'alive'; readonly name: string }
  | { readonly effect: 'down'; readonly name: string; readonly cause: MemberCause }
  /** Ask other members to probe it, and tell it that it is suspected. */
  | { readonly effect: 'probe'; readonly name: string }
  /** Its link is dead although the node lives: end it, so that a new one can be dialled. */
  | { readonly effect: 'close'; readonly name: string }

/** What the detector is told on each tick. */
export interface DetectorTick {
  readonly nowMs: number
  /** Silence of a linked peer on its control connection. */
  readonly silentMs: (name: string) => number | undefined
  /** What all deadlines are multiplied by (local health), 1 or more. */
  readonly multiplier: number
}

interface Watch {
  isLinked: boolean
  /** The peer closed its link in order. */
  saidGoodbye: boolean
  heardAtMs: number
  /** When a helper last reported that it reaches the peer. */
  reachedAtMs: number
  /** How often it refuted, as far as we know. */
  counter: number
  suspicion: Suspicion | undefined
}

interface Suspicion {
  /** Hearing anything later ends it. */
  sinceMs: number
  probeAtMs: number
  cause: MemberCause
}

/** A suspicion, for `status()`. */
export interface SuspicionStatus {
  readonly name: string
  readonly cause: MemberCause
  readonly silentMs: number
  readonly sinceMs: number
}

/** Silence before the verdict in a cluster of `nodes`: `downAfterMs` up to 10 nodes, twice that for 100. */
export function downAfterMs(options: DetectorOptions, nodes: number): number {
  return options.downAfterMs * Math.max(1, Math.log10(nodes))
}

/** One a node. Watches members that are alive or suspect, by name. */
export class FailureDetector {
  readonly #options: DetectorOptions
  readonly #watches = new Map<string, Watch>()

  constructor(options: DetectorOptions) {
    this.#options = options
  }

  /** A link to the member is up: it is watched from now on, and no longer suspect. */
  linkUp(name: string, nowMs: number): DetectorEffect[] {
    const known = this.#watches.get(name)
    this.#watches.set(name, {
      isLinked: true,
      saidGoodbye: false,
      heardAtMs: nowMs,
      reachedAtMs: -Infinity,
      counter: known?.counter ?? 0,
      suspicion: undefined,
    })
    return known?.suspicion ? [{ effect: 'alive', name }] : []
  }

  /**
   * The link ended. Suspicion follows only when no new link is made in time.
   *
   * @param heard `goodbye` and `end`: the end itself was heard from the peer; `nothing`: it was not.
   */
  linkDown(name: string, nowMs: number, heard: 'goodbye' | 'end' | 'nothing'): void {
    const watch = this.#watches.get(name)
    if (!watch) return
    watch.isLinked = false
    watch.saidGoodbye = heard === 'goodbye'
    if (heard !== 'nothing') watch.heardAtMs = nowMs
  }

  /** A dial proved that the process is gone. Means nothing while a link is up. */
  refused(name: string): DetectorEffect[] {
    const watch = this.#watches.get(name)
    if (!watch || watch.isLinked) return []
    this.#watches.delete(name)
    return [{ effect: 'down', name, cause: watch.saidGoodbye ? 'stopped' : 'crashed' }]
  }

  /** A helper reaches the member: it is not given up, however long it is silent to us. */
  reached(name: string, nowMs: number): DetectorEffect[] {
    const watch = this.#watches.get(name)
    if (!watch?.suspicion) return []
    watch.reachedAtMs = nowMs
    if (watch.suspicion.cause === 'indirect') return []
    watch.suspicion.cause = 'indirect'
    return [{ effect: 'suspect', name, cause: 'indirect' }]
  }

  /** The member answered our suspicion. An old answer (counter not higher) proves nothing. */
  refuted(name: string, counter: number, nowMs: number): DetectorEffect[] {
    const watch = this.#watches.get(name)
    if (!watch || counter <= watch.counter) return []
    watch.counter = counter
    if (!watch.isLinked) return []
    watch.heardAtMs = Math.max(watch.heardAtMs, nowMs)
    if (!watch.suspicion) return []
    watch.suspicion = undefined
    return [{ effect: 'alive', name }]
  }

  /** The counter a suspicion of the member carries: it must answer with a higher one. */
  counterOf(name: string): number {
    return this.#watches.get(name)?.counter ?? 0
  }

  /** This node was held up for `delayMs`: nobody's silence in that time counts. */
  postpone(delayMs: number, nowMs: number): void {
    for (const watch of this.#watches.values()) {
      watch.heardAtMs = Math.min(nowMs, watch.heardAtMs + delayMs)
      watch.reachedAtMs = Math.min(nowMs, watch.reachedAtMs + delayMs)
      const { suspicion } = watch
      if (!suspicion) continue
      suspicion.sinceMs = Math.min(nowMs, suspicion.sinceMs + delayMs)
    }
  }

  /** Stops watching. */
  forget(name: string): void {
    this.#watches.delete(name)
  }

  /** Judges every silence. */
  tick(tick: DetectorTick): DetectorEffect[] {
    const { multiplier } = tick
    const limits = {
      suspectMs: this.#options.suspectAfterMs * multiplier,
      downMs: downAfterMs(this.#options, this.#watches.size + 1) * multiplier,
    }
    return [...this.#watches].flatMap(([name, watch]) => {
      if (watch.isLinked) hear(watch, tick.nowMs, tick.silentMs(name))
      return this.#judge({ name, watch, nowMs: tick.nowMs }, limits)
    })
  }

  /** Everyone suspect now. */
  suspicions(nowMs: number): SuspicionStatus[] {
    return [...this.#watches].flatMap(([name, { suspicion, heardAtMs }]) =>
      suspicion
        ? {
            name,
            cause: suspicion.cause,
            silentMs: nowMs - heardAtMs,
            sinceMs: nowMs - suspicion.sinceMs,
          }
        : [],
    )
  }

  #judge(subject: Subject, limits: Limits): DetectorEffect[] {
    const { name, watch, nowMs } = subject
    // Not "later than before": a silence is measured anew on each tick, to a few microseconds.
    if (watch.suspicion && watch.isLinked && watch.heardAtMs > watch.suspicion.sinceMs) {
      watch.suspicion = undefined
      return [{ effect: 'alive', name }]
    }
    const silenceMs = nowMs - watch.heardAtMs
    if (!watch.suspicion && silenceMs < limits.suspectMs) return []
    return [...this.#suspect(subject), ...this.#verdict(subject, limits)]
  }

  #suspect({ name, watch, nowMs }: Subject): DetectorEffect[] {
    const effects: DetectorEffect[] = []
    if (!watch.suspicion) {
      watch.suspicion = { sinceMs: nowMs, probeAtMs: nowMs, cause: 'silent' }
      effects.push({ effect: 'suspect', name, cause: 'silent' })
    }
    if (nowMs >= watch.suspicion.probeAtMs) {
      watch.suspicion.probeAtMs = nowMs + this.#options.suspectAfterMs / 2
      effects.push({ effect: 'probe', name })
    }
    return effects
  }

  #verdict({ name, watch, nowMs }: Subject, limits: Limits): DetectorEffect[] {
    const evidenceAtMs = Math.max(watch.heardAtMs, watch.reachedAtMs)
    if (nowMs - evidenceAtMs >= limits.downMs && this.#hadItsChance(watch, nowMs)) {
      this.#watches.delete(name)
      return [{ effect: 'down', name, cause: 'unreachable' }]
    }
    const isReached = watch.reachedAtMs > watch.heardAtMs
    const isDead = watch.isLinked && isReached && nowMs - watch.heardAtMs >= limits.downMs
    return isDead ? [{ effect: 'close', name }] : []
  }

  /** Deadlines shrink when local health improves; a suspect still gets its time to answer. */
  #hadItsChance({ suspicion }: Watch, nowMs: number): boolean {
    const chanceMs = Math.max(0, this.#options.downAfterMs - this.#options.suspectAfterMs)
    return suspicion !== undefined && nowMs - suspicion.sinceMs >= chanceMs
  }
}

interface Subject {
  readonly name: string
  readonly watch: Watch
  readonly nowMs: number
}

interface Limits {
  readonly suspectMs: number
  readonly downMs: number
}

function hear(watch: Watch, nowMs: number, silentMs: number | undefined): void {
  if (silentMs !== undefined) watch.heardAtMs = Math.max(watch.heardAtMs, nowMs - silentMs)
}
