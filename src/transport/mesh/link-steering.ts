/**
 * What the two ends of a link say to each other besides payloads: signs of life, credit, wishes for
 * connections, goodbyes. Checks each frame; what a goodbye or a wish means is the link's to decide.
 */
import { frameKinds } from '../../wire/index.ts'
import {
  decodeCredit,
  decodeOpenClass,
  encodeCredit,
  encodeOpenClass,
  unexpected,
} from './control-frames.ts'
import type { Lane } from './lane.ts'

/** What a {@link LinkSteering} talks to. */
export interface LinkSteeringDeps {
  /** Control first. */
  readonly lanes: readonly Lane[]
  /** Whether this side dials the connections of the link. */
  readonly isDialer: boolean
  /** A round trip of the control connection. */
  readonly measured: (roundTripMs: number) => void
  /** The peer ends a connection in order. */
  readonly goodbye: (lane: Lane) => void
  /** The peer asks for a connection; every one up to `generation` is gone on its side. */
  readonly asked: (lane: Lane, generation: number) => void
}

/** One a link. */
export class LinkSteering {
  readonly #deps: LinkSteeringDeps
  readonly #control: Lane | undefined

  constructor(deps: LinkSteeringDeps) {
    this.#deps = deps
    this.#control = deps.lanes[0]
  }

  /**
   * Takes a frame that carries no payload.
   *
   * @throws {FoundationError} `FND_FRAME_INVALID`
   */
  frame(lane: Lane, kind: number, body: Uint8Array): void {
    switch (kind) {
      case frameKinds.ping:
        answerPing(lane, body)
        return
      case frameKinds.pong:
        this.#takePong(lane, body)
        return
      case frameKinds.goodbye:
        this.#deps.goodbye(lane)
        return
      default:
        if (lane === this.#control) this.#steer(kind, body)
        else throw unexpected(kind)
    }
  }

  /** Asks the side that dials for a connection; all there were are gone here. */
  requestClass({ index: classIndex, meter }: Lane): void {
    const body = encodeOpenClass({ classIndex, generation: meter.generation })
    this.#control?.connection?.write(frameKinds.openClass, 0, body)
  }

  /** Acknowledges what was taken on a lane, once it is that much. */
  tellCredit(lane: Lane, atLeastBytes: number): void {
    if (!lane.credit || lane.meter.owedBytes < atLeastBytes || !this.#control?.canAnswer) return
    const { index: classIndex, meter } = lane
    const credit = { classIndex, generation: meter.generation, totalBytes: meter.tell() }
    this.#control.connection?.write(frameKinds.credit, 0, encodeCredit(credit))
  }

  /** Acknowledges whatever is owed, however little. */
  readonly tellAnyCredit = (lane: Lane): void => {
    this.tellCredit(lane, 1)
  }

  /** Sends what was said now. */
  flush(): void {
    this.#control?.connection?.flush()
  }

  /** What only the control connection may carry. */
  #steer(kind: number, body: Uint8Array): void {
    if (kind === frameKinds.credit) this.#takeCredit(body)
    else if (kind === frameKinds.openClass) this.#openClass(body)
    else throw unexpected(kind)
  }

  #takeCredit(body: Uint8Array): void {
    const { classIndex, generation, totalBytes } = decodeCredit(body)
    const lane = this.#deps.lanes[classIndex]
    if (!lane?.credit?.credited(generation, totalBytes)) throw unexpected(frameKinds.credit)
    lane.pump()
  }

  #openClass(body: Uint8Array): void {
    const { classIndex, generation } = decodeOpenClass(body)
    const lane = this.#deps.lanes[classIndex]
    if (!lane || lane === this.#control || !this.#deps.isDialer) {
      throw unexpected(frameKinds.openClass)
    }
    this.#deps.asked(lane, generation)
  }

  #takePong(lane: Lane, body: Uint8Array): void {
    const roundTripMs = lane.connection?.pong(body)
    if (roundTripMs !== undefined && lane === this.#control) this.#deps.measured(roundTripMs)
  }
}

function answerPing(lane: Lane, body: Uint8Array): void {
  if (body.length !== 8) throw unexpected(frameKinds.ping)
  // A peer that asks and does not read gets no more answers than fit.
  if (lane.canAnswer) lane.connection?.write(frameKinds.pong, 0, body)
}
