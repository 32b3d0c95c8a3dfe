/**
 * Runs the failure detector: ticks it, notices when this process itself was held up, asks other
 * members to probe a suspect, and speaks with suspects and accusers.
 */
import type { Host, Telemetry, Timer } from '../kernel/index.ts'
import type { LinkDownReason, NodeIdentity, Router, Transport } from '../transport/index.ts'
import { FailureDetector, type DetectorEffect, type SuspicionStatus } from './failure-detector.ts'
import { LocalHealth } from './local-health.ts'
import type { MemberTable } from './members/member-table.ts'
import { refuteMessage, suspectMessage } from './messages.ts'
import type { MembershipOptions } from './options.ts'
import { Prober } from './prober.ts'

/** What a failure watch talks to. */
export interface FailureWatchDeps {
  readonly host: Host
  readonly telemetry: Telemetry
  readonly router: Router
  readonly transport: Pick<Transport, 'silentMs'>
  readonly self: () => NodeIdentity
  readonly table: MemberTable
  /** Names of the peers with a link. */
  readonly linked: () => readonly string[]
  readonly judged: (effect: Verdict) => void
  /** After each tick. */
  readonly ticked: () => void
}

/** What the owner of the watch carries out. */
export type Verdict = Exclude<DetectorEffect, { effect: 'probe' }>

/** How much this node trusts itself, for `status()`. */
export interface LocalHealthStatus {
  /** What deadlines are multiplied by: 1 to 8. */
  readonly multiplier: number
  /** How late the last late tick was. */
  readonly lastDelayMs: number
}

/** One a node. */
export class FailureWatch {
  readonly prober: Prober
  readonly #deps: FailureWatchDeps
  readonly #options: MembershipOptions
  readonly #detector: FailureDetector
  readonly #health: LocalHealth
  #timer: Timer | undefined
  #lastTickMs = 0
  /** Counts our own refutations. */
  #counter = 0

  constructor(deps: FailureWatchDeps, options: MembershipOptions) {
    this.#deps = deps
    this.#options = options
    this.#detector = new FailureDetector(options)
    this.#health = new LocalHealth(options)
    this.prober = new Prober(
      {
        router: deps.router,
        host: deps.host,
        linkedIncarnation: (name) => this.#incarnationOf(name),
        reached: (target) => {
          this.#apply(this.#detector.reached(target, deps.host.nowMs()))
        },
      },
      options,
    )
    deps.router.handle(suspectMessage.code, (body, { from }) => {
      this.#answerAccuser(from, suspectMessage.decode(body))
    })
    deps.router.handle(refuteMessage.code, (body, { from }) => {
      const { incarnation, counter } = refuteMessage.decode(body)
      if (this.#incarnationOf(from) !== incarnation) return
      this.#apply(this.#detector.refuted(from, counter, deps.host.nowMs()))
    })
  }

  start(): void {
    this.#lastTickMs = this.#deps.host.nowMs()
    this.#schedule()
  }

  stop(): void {
    this.#timer?.cancel()
    this.prober.stop()
  }

  linkUp(name: string): void {
    this.#apply(this.#detector.linkUp(name, this.#deps.host.nowMs()))
  }

  linkDown(name: string, reason: LinkDownReason): void {
    const heard = reason === 'goodbye' ? 'goodbye' : reason === 'lost' ? 'end' : 'nothing'
    this.#detector.linkDown(name, this.#deps.host.nowMs(), heard)
  }

  /** See {@link FailureDetector.refused}. */
  refused(name: string): void {
    this.#apply(this.#detector.refused(name))
  }

  forget(name: string): void {
    this.#detector.forget(name)
  }

  status(): { suspicions: SuspicionStatus[]; localHealth: LocalHealthStatus } {
    const { multiplier, lastDelayMs } = this.#health
    return {
      suspicions: this.#detector.suspicions(this.#deps.host.nowMs()),
      localHealth: { multiplier, lastDelayMs },
    }
  }

  #schedule(): void {
    this.#timer = this.#deps.host.after(this.#options.tickIntervalMs, () => {
      this.#tick()
      this.#schedule()
    })
  }

  #tick(): void {
    const nowMs = this.#deps.host.nowMs()
    const sinceMs = nowMs - this.#lastTickMs
    this.#lastTickMs = nowMs
    const before = this.#health.multiplier
    const delayMs = this.#health.ticked(sinceMs - this.#options.tickIntervalMs, sinceMs)
    this.#detector.postpone(delayMs, nowMs)
    const { multiplier } = this.#health
    if (multiplier !== before) {
      this.#deps.telemetry.execute('membership.health.changed', { multiplier, delayMs })
    }
    const silentMs = (name: string): number | undefined => this.#deps.transport.silentMs(name)
    this.#apply(this.#detector.tick({ nowMs, silentMs, multiplier }))
    this.#deps.ticked()
  }

  #apply(effects: readonly DetectorEffect[]): void {
    for (const effect of effects) {
      if (effect.effect === 'probe') this.#accuse(effect.name)
      else this.#deps.judged(effect)
    }
  }

  /** Tells the suspect, should it hear us, and asks others to probe it. */
  #accuse(name: string): void {
    const incarnation = this.#deps.table.get(name)?.incarnation
    if (incarnation === undefined) return
    const counter = this.#detector.counterOf(name)
    this.#deps.router.send(name, 'control', suspectMessage.encode({ incarnation, counter }))
    this.prober.ask(name, incarnation, this.#pickHelpers(name))
  }

  #pickHelpers(suspect: string): string[] {
    const able = this.#deps
      .linked()
      .filter((name) => name !== suspect && this.#deps.table.get(name)?.status === 'alive')
      .toSorted()
    const picked: string[] = []
    while (picked.length < this.#options.indirectProbes && able.length > 0) {
      picked.push(...able.splice(Math.floor(this.#deps.host.random() * able.length), 1))
    }
    return picked
  }

  /** Somebody did not hear us for a while: we are alive, and perhaps not well. */
  #answerAccuser(from: string, accusation: { incarnation: string; counter: number }): void {
    const { incarnation } = this.#deps.self()
    if (accusation.incarnation !== incarnation) return
    if (this.#counter <= accusation.counter) {
      this.#counter = accusation.counter + 1
      this.#health.wasSuspected()
    }
    const answer = refuteMessage.encode({ incarnation, counter: this.#counter })
    this.#deps.router.send(from, 'control', answer)
  }

  #incarnationOf(name: string): string | undefined {
    return this.#deps.linked().includes(name) ? this.#deps.table.get(name)?.incarnation : undefined
  }
}
