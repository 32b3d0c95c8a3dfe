/**
 * The clock of one link: asks for signs of life, counts silence, measures round trips and moves
 * the credit windows by them.
 */
import type { Host, Timer } from '../../kernel/index.ts'
import type { Lane } from './lane.ts'
import type { MeshOptions } from './mesh-options.ts'
import { RoundTrip } from './round-trip.ts'

/** What a heartbeat talks to. */
export interface HeartbeatDeps {
  readonly host: Host
  /** Control first. */
  readonly lanes: readonly Lane[]
  /** Acknowledges what is owed to the peer, however little. */
  readonly tellCredit: (lane: Lane) => void
}

/** While credit is in use the round trip is measured this often. */
const busyIntervalMs = 50
/** A peer that claims a second link has to answer on the first one within this time. */
const challengeMs = 1_500

/** One a link; `stop` is final. */
export class Heartbeat {
  readonly #deps: HeartbeatDeps
  readonly #options: Pick<MeshOptions, 'pingIntervalMs' | 'silentAfterMs'>
  readonly #roundTrip = new RoundTrip()
  #timer: Timer | undefined
  #state: 'idle' | 'running' | 'stopped' = 'idle'
  #pace: 'calm' | 'busy' = 'calm'
  #challengeTimer: Timer | undefined
  #beatAtMs: number

  constructor(deps: HeartbeatDeps, options: Pick<MeshOptions, 'pingIntervalMs' | 'silentAfterMs'>) {
    this.#deps = deps
    this.#options = options
    this.#beatAtMs = deps.host.nowMs()
  }

  /** Smoothed round trip of the control connection. */
  get roundTripMs(): number | undefined {
    return this.#roundTrip.smoothedMs
  }

  /** Milliseconds since anything was heard on the control connection. */
  get silentMs(): number {
    return this.#deps.host.nowMs() - this.#heardAtMs
  }

  get #heardAtMs(): number {
    return this.#deps.lanes[0]?.connection?.heardAtMs ?? this.#beatAtMs
  }

  start(): void {
    if (this.#state !== 'idle') return
    this.#state = 'running'
    this.#beat()
  }

  stop(): void {
    this.#state = 'stopped'
    this.#timer?.cancel()
    this.#challengeTimer?.cancel()
  }

  /** Asks for a sign of life now; no answer within a second or so is the end. */
  challenge(onSilent: () => void): void {
    if (this.#state !== 'running') return
    const { host, lanes } = this.#deps
    const askedAtMs = host.nowMs()
    lanes[0]?.connection?.ping()
    this.#challengeTimer ??= host.after(challengeMs, () => {
      this.#challengeTimer = undefined
      if (this.#heardAtMs < askedAtMs) onSilent()
    })
  }

  /** Credit holds payloads back: do not wait for the next calm beat. */
  hurry(): void {
    if (this.#pace === 'busy' || this.#state !== 'running') return
    this.#pace = 'busy'
    this.#schedule()
  }

  /** Takes one round trip of the control connection. */
  measured(roundTripMs: number): void {
    const nowMs = this.#deps.host.nowMs()
    const queueingMs = this.#roundTrip.sample(roundTripMs, nowMs)
    for (const lane of this.#deps.lanes) {
      if (!lane.credit) continue
      lane.credit.sample(queueingMs, nowMs)
      lane.pump()
    }
  }

  readonly #beat = (): void => {
    const { host, lanes, tellCredit } = this.#deps
    const { pingIntervalMs, silentAfterMs } = this.#options
    const nowMs = host.nowMs()
    // A late beat means that this process stood still: the peer is not to blame for all of it.
    const elapsedMs = Math.min(nowMs - this.#beatAtMs, 2 * pingIntervalMs)
    this.#beatAtMs = nowMs
    for (const lane of lanes) {
      tellCredit(lane)
      if (lane === lanes[0] || lane.connection?.owesPing) lane.connection?.ping()
      lane.connection?.beat(elapsedMs, silentAfterMs)
    }
    this.#pace = lanes.some(({ credit }) => credit?.isInUse) ? 'busy' : 'calm'
    this.#schedule()
  }

  #schedule(): void {
    this.#timer?.cancel()
    if (this.#state !== 'running') return
    const { pingIntervalMs } = this.#options
    const intervalMs =
      this.#pace === 'busy' ? Math.min(busyIntervalMs, pingIntervalMs) : pingIntervalMs
    this.#timer = this.#deps.host.after(intervalMs, this.#beat)
  }
}
