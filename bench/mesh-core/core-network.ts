/**
 * A full mesh that is there from the start: each payload arrives one millisecond later. The pings of the
 * mesh engine are not events here: what they do, that a live peer is never silent for longer than one
 * interval and its way, is computed when somebody asks.
 */
import { messageCodes } from '../../src/wire/index.ts'
import { CoreNode } from './core-node.ts'
import { SlotClock } from './slot-clock.ts'

/** How often the mesh engine pings on an idle link. */
export const pingIntervalMs = 500
const delayMs = 1

/** Payloads that were sent, by what they were. */
export interface Sent {
  digests: number
  others: number
}

/** One a size. */
export class CoreNetwork {
  readonly clock = new SlotClock()
  readonly nodes: readonly CoreNode[]
  readonly sent: Sent = { digests: 0, others: 0 }
  /** Called for each verdict of a node on another. */
  judged: (by: string, name: string, verdict: string) => void = () => undefined
  readonly #index = new Map<string, number>()
  /** When the row's node heard the last payload of the column's. */
  readonly #heardAtMs: Float64Array
  /** From when on a node stands still. */
  readonly #silentFromMs: Float64Array

  constructor(size: number) {
    this.#heardAtMs = new Float64Array(size * size).fill(-Infinity)
    this.#silentFromMs = new Float64Array(size).fill(Infinity)
    this.nodes = Array.from({ length: size }, (_, at) => this.#make(at))
    for (const [at, { self }] of this.nodes.entries()) this.#index.set(self.name, at)
  }

  /** Links node `at` with those before it, in both directions. */
  join(at: number): void {
    const node = this.nodes[at] as CoreNode
    for (const other of this.nodes.slice(0, at)) {
      node.linkUp(other)
      other.linkUp(node)
    }
  }

  /** Starts all, each at a moment of its own. */
  start(): void {
    for (const [at, node] of this.nodes.entries()) {
      this.clock.at(this.clock.nowMs + 1 + phaseMs(at), () => {
        node.start()
      })
    }
  }

  /** From now on nothing happens on that node, and nobody is told. */
  silence(at: number): void {
    this.#silentFromMs[at] = this.clock.nowMs
  }

  #make(at: number): CoreNode {
    const isAwake = (): boolean => this.#silentFromMs[at] === Infinity
    return new CoreNode({
      at,
      host: this.clock.host(String(at), isAwake),
      send: (peer, payload) => {
        const to = this.#index.get(peer) ?? -1
        this.sent[payload[0] === messageCodes.logDigest ? 'digests' : 'others'] += 1
        this.clock.at(this.clock.nowMs + delayMs, () => {
          this.#deliver(at, to, payload)
        })
        return 'accepted'
      },
      silentMs: (peer) => this.#silentMs(at, this.#index.get(peer) ?? -1),
      judged: (name, verdict) => {
        this.judged(`n${String(at)}`, name, verdict)
      },
    })
  }

  #deliver(from: number, to: number, payload: Uint8Array): void {
    if (this.#silentFromMs[to] !== Infinity) return
    this.#heardAtMs[to * this.nodes.length + from] = this.clock.nowMs
    this.nodes[to]?.router.receive({
      from: `n${String(from)}`,
      class: 'control',
      epoch: 1,
      sequence: 1,
      payload,
    })
  }

  #silentMs(at: number, peer: number): number {
    const nowMs = this.clock.nowMs
    const untilMs = Math.min(nowMs - delayMs, this.#silentFromMs[peer] ?? 0)
    const pingedAtMs = untilMs - ((untilMs + phaseMs(peer)) % pingIntervalMs) + delayMs
    return nowMs - Math.max(pingedAtMs, this.#heardAtMs[at * this.nodes.length + peer] ?? -Infinity)
  }
}

/** Every node has a moment of its own within the interval of pings. */
function phaseMs(at: number): number {
  return (at * 7_919) % pingIntervalMs
}
