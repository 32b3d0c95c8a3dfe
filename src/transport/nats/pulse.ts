/**
 * The life of a node, said once for all: n nodes say n messages a round, not n^2. A disconnected
 * client is no dead node and a dead one is noticed by the broker after minutes, so this and nothing
 * else tells who lives.
 */
import type { Host, Timer } from '../../kernel/index.ts'
import type { Client } from './client.ts'
import { natsKinds } from './frames.ts'
import { words } from './handshake.ts'
import type { Subjects } from './subjects.ts'
import type { Voice } from './voice.ts'
import type { Seal } from './seal.ts'

/** What a pulse talks to. */
export interface PulseDeps {
  readonly host: Host
  readonly voice: Voice
  readonly seal: Seal
  readonly subjects: Subjects
  readonly nodeName: string
  readonly client: () => Client | undefined
  /** Called at each beat that came in time. */
  readonly beat: () => void
}

/** The round trip to the broker is measured this often. */
const roundTripEveryMs = 2_000

/** One a running transport. */
export class Pulse {
  readonly #deps: PulseDeps
  readonly #intervalMs: number
  #timer: Timer | undefined
  #beatAtMs = 0
  #measuredAtMs = -Infinity
  #measuring: 'no' | 'yes' = 'no'
  #rttMs: number | undefined

  constructor(deps: PulseDeps, intervalMs: number) {
    this.#deps = deps
    this.#intervalMs = intervalMs
  }

  /** This node's round trip to the broker; undefined before the first was measured. */
  get rttMs(): number | undefined {
    return this.#rttMs
  }

  /** How long the broker owes an answer. */
  get unansweredMs(): number {
    return this.#measuring === 'yes' ? this.#deps.host.nowMs() - this.#measuredAtMs : 0
  }

  start(): void {
    this.#beatAtMs = this.#deps.host.nowMs()
    this.#beat()
  }

  stop(): void {
    this.#timer?.cancel()
  }

  /** The last word of this node to all. */
  bye(): void {
    const { subjects, voice, seal } = this.#deps
    const message = seal.close(voice.bare(natsKinds.bye), subjects.pulse)
    this.#deps.client()?.publish(subjects.pulse, message)
  }

  readonly #beat = (): void => {
    const { host, client, voice, subjects, nodeName } = this.#deps
    const nowMs = host.nowMs()
    // A late beat means that this process stood still: then nobody else is to blame for silence.
    const isLate = nowMs - this.#beatAtMs > 3 * this.#intervalMs
    this.#beatAtMs = nowMs
    const live = client()
    if (live) {
      const pulse = { name: nodeName, rttMs: this.#rttMs }
      live.publish(subjects.pulse, voice.sealed(words.pulse, pulse, subjects.pulse))
      const isDue = nowMs - this.#measuredAtMs >= roundTripEveryMs
      if (isDue && this.#measuring === 'no') this.#measure(live, nowMs)
    }
    if (!isLate) this.#deps.beat()
    this.#timer = host.after(this.#intervalMs, this.#beat)
  }

  #measure(client: Client, nowMs: number): void {
    this.#measuredAtMs = nowMs
    this.#measuring = 'yes'
    client.rtt().then(
      (rttMs) => {
        this.#measuring = 'no'
        this.#rttMs = rttMs
      },
      () => {
        this.#measuring = 'no' // The connection was lost meanwhile.
      },
    )
  }
}
