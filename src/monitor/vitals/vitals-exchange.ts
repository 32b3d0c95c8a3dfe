/**
 * Tells the others how this node is, and hears how they are. On `control`: a few hundred bytes every
 * few seconds do not merit a connection of their own to every peer.
 */
import { jitter, type Host, type Lifecycle, type Timer } from '../../kernel/index.ts'
import type { Router } from '../../transport/index.ts'
import { vitalsMessage, type VitalSigns } from './vital-signs.ts'
import { VitalsTable } from './vitals-table.ts'

/** What an exchange talks to. */
export interface VitalsExchangeDeps {
  readonly host: Host
  readonly router: Pick<Router, 'handle' | 'send'>
  /** How this node is now; called once a round. */
  readonly measure: () => VitalSigns
  /** Names of the peers with a link. */
  readonly peers: () => readonly string[]
}

const jitterRatio = 0.1
const soonMs = 500

/** This node's own vital signs, and when they were measured. */
export interface OwnVitals {
  readonly signs: VitalSigns
  readonly atMs: number
}

/** One a node. */
export class VitalsExchange implements Lifecycle {
  readonly table: VitalsTable = new VitalsTable()
  readonly #deps: VitalsExchangeDeps
  readonly #intervalMs: number
  #own: OwnVitals | undefined
  #nextMs = 0
  #timer: Timer | undefined
  #state: 'idle' | 'running' | 'stopped' = 'idle'

  constructor(deps: VitalsExchangeDeps, intervalMs: number) {
    this.#deps = deps
    this.#intervalMs = intervalMs
    deps.router.handle(vitalsMessage.code, (body, { from }) => {
      const at = { nowMs: deps.host.nowMs(), ownConfig: this.#own?.signs.config }
      this.table.note(from, vitalsMessage.decode(body), at)
    })
  }

  /** This node's vital signs of the last round; undefined before the first. */
  get own(): OwnVitals | undefined {
    return this.#own
  }

  start(): void {
    if (this.#state !== 'idle') return
    this.#state = 'running'
    this.#round()
  }

  stop(): void {
    this.#state = 'stopped'
    this.#timer?.cancel()
  }

  /** Somebody came: says how things are now, once those who come together are here. */
  soon(): void {
    const isSoon = this.#nextMs - this.#deps.host.nowMs() <= soonMs
    if (this.#state !== 'running' || isSoon) return
    this.#timer?.cancel()
    this.#schedule(soonMs)
  }

  #round(): void {
    const { host, measure, peers } = this.#deps
    this.#own = { signs: measure(), atMs: host.nowMs() }
    const payload = vitalsMessage.encode(this.#own.signs)
    for (const peer of peers()) this.#send(peer, payload)
    this.#schedule(jitter(this.#intervalMs, jitterRatio, host.random()))
  }

  #schedule(delayMs: number): void {
    const { host } = this.#deps
    this.#nextMs = host.nowMs() + delayMs
    this.#timer = host.after(delayMs, () => {
      this.#round()
    })
  }

  /** What finds no room is not missed: the next round says it anew. */
  #send(peer: string, payload: Buffer): void {
    this.#deps.router.send(peer, 'control', payload)
  }
}
