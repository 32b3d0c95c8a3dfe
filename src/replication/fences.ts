/**
 * Messages that must not overtake what their sender has said of itself. While a peer may not have
 * this node's last names yet, a message to it carries the number of that change; the peer hands it on
 * once it is there, and what came behind it on the same class after it, so that order holds.
 *
 * `Fences` stands between the router and the parts users send with: they send and handle as ever.
 *
 *     fenced   u8 code | u48 number of the change | the payload as it would be without
 */
import {
  FoundationError,
  RepeatGate,
  toError,
  type Host,
  type Log,
  type Timer,
} from '../kernel/index.ts'
import type {
  ChannelClass,
  Fanout,
  Inbound,
  MessageHandler,
  PayloadHandler,
  Router,
  SendOutcome,
} from '../transport/index.ts'
import { allocateMemory, fenceHeadBytes, messageCodes } from '../wire/index.ts'
import type { OwnerLog } from './owner-log.ts'

/** What it talks to. */
export interface FencesDeps {
  readonly router: Pick<Router, 'handlePayload' | 'send' | 'whenWritable'>
  readonly ownerLog: Pick<OwnerLog, 'fenceFor' | 'fenceForAll' | 'hasHeard' | 'onProgress'>
  /** There when the engine reaches all who listen with one send. */
  readonly fanout?: Fanout | undefined
  readonly host: Host
  readonly log: Log
}

interface Held {
  readonly inbound: Inbound
  /** 0 for a message that only waits for those before it. */
  readonly sequence: number
  readonly untilMs: number
}

/** A message is handed on all the same after this long: the log may be lost with its sender. */
const holdMaxMs = 1_000
/** Messages of one (peer, class) that wait; with more the oldest is handed on early. */
const heldMax = 4_096

/** One a node. */
export class Fences implements Pick<Router, 'handle' | 'handlePayload' | 'send' | 'whenWritable'> {
  /** The engine's own, fenced: one message for all waits, where it must, for itself at each of them. */
  readonly fanout: Fanout | undefined
  readonly #deps: FencesDeps
  readonly #handlers = new Map<number, PayloadHandler>()
  /** By class and peer, in the order they came. */
  readonly #held = new Map<string, Held[]>()
  /** A hostile or newer peer must not fill the log. */
  readonly #gate = new RepeatGate({ quietMs: 60_000, keysMax: 1_024 })
  #timer: Timer | undefined
  #handedOnEarly = 0

  constructor(deps: FencesDeps) {
    this.#deps = deps
    this.fanout = deps.fanout && this.#fenceAll(deps.fanout)
    deps.router.handlePayload(messageCodes.fenced, (inbound) => {
      this.#open(inbound)
    })
    deps.ownerLog.onProgress(() => {
      this.#release()
    })
  }

  /** Messages that wait. */
  get held(): number {
    return [...this.#held.values()].reduce((sum, { length }) => sum + length, 0)
  }

  /** Messages that did not wait to the end: too long, too many, or their link ended. */
  get handedOnEarly(): number {
    return this.#handedOnEarly
  }

  handle(code: number, handler: MessageHandler): void {
    this.handlePayload(code, (inbound) => {
      handler(inbound.payload.subarray(1), inbound)
    })
  }

  handlePayload(code: number, handler: PayloadHandler): void {
    this.#handlers.set(code, handler)
    this.#deps.router.handlePayload(code, (inbound) => {
      if (this.#held.size === 0) handler(inbound)
      else this.#receive(inbound, 0)
    })
  }

  send(peer: string, channelClass: ChannelClass, payload: Uint8Array): SendOutcome {
    const { router, ownerLog } = this.#deps
    return router.send(peer, channelClass, fenced(ownerLog.fenceFor(peer), payload))
  }

  whenWritable(peer: string, channelClass: ChannelClass): Promise<void> {
    return this.#deps.router.whenWritable(peer, channelClass)
  }

  /** What came over the link is handed on before its end is told. */
  linkDown(peer: string): void {
    for (const [key, held] of [...this.#held]) {
      if (held[0]?.inbound.from !== peer) continue
      this.#held.delete(key)
      while (held.length > 0) this.#handOnFirst(held)
    }
  }

  stop(): void {
    this.#timer?.cancel()
    this.#held.clear()
  }

  #fenceAll(fanout: Fanout): Fanout {
    const { ownerLog } = this.#deps
    return {
      publish: (channelClass, topic, payload) =>
        fanout.publish(channelClass, topic, fenced(ownerLog.fenceForAll(), payload)),
      whenWritable: (channelClass) => fanout.whenWritable(channelClass),
      listen: (channelClass, pattern) => fanout.listen(channelClass, pattern),
      unlisten: (channelClass, pattern) => {
        fanout.unlisten(channelClass, pattern)
      },
    }
  }

  #open(inbound: Inbound): void {
    const { payload } = inbound
    if (payload.length <= fenceHeadBytes || !this.#handlers.has(payload[fenceHeadBytes] ?? 0)) {
      throw new FoundationError('FND_FRAME_INVALID', 'Fenced message: nothing known in it')
    }
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, fenceHeadBytes)
    this.#receive({ ...inbound, payload: payload.subarray(fenceHeadBytes) }, bytes.readUIntBE(1, 6))
  }

  #receive(inbound: Inbound, sequence: number): void {
    const { from, class: channelClass } = inbound
    const key = `${channelClass} ${from}`
    const held = this.#held.get(key)
    if (!held && (sequence === 0 || this.#deps.ownerLog.hasHeard(from, sequence))) {
      this.#handOn(inbound)
      return
    }
    const untilMs = this.#deps.host.nowMs() + holdMaxMs
    const queue = held ?? []
    this.#held.set(key, queue)
    queue.push({ inbound, sequence, untilMs })
    if (queue.length > heldMax) this.#handOnFirst(queue)
    this.#timer ??= this.#deps.host.after(holdMaxMs, () => {
      this.#timer = undefined
      this.#release()
    })
  }

  #release(): void {
    if (this.#held.size === 0) return
    const nowMs = this.#deps.host.nowMs()
    for (const [key, queue] of [...this.#held]) {
      while (queue[0] && this.#isDue(queue[0], nowMs)) this.#handOnFirst(queue)
      if (queue.length === 0) this.#held.delete(key)
    }
    if (this.#held.size === 0) return
    this.#timer ??= this.#deps.host.after(holdMaxMs / 4, () => {
      this.#timer = undefined
      this.#release()
    })
  }

  #isDue({ inbound, sequence, untilMs }: Held, nowMs: number): boolean {
    return nowMs >= untilMs || this.#deps.ownerLog.hasHeard(inbound.from, sequence)
  }

  #handOnFirst(queue: Held[]): void {
    const { inbound, sequence = 0 } = queue.shift() ?? {}
    if (!inbound) return
    if (!this.#deps.ownerLog.hasHeard(inbound.from, sequence)) this.#handedOnEarly += 1
    try {
      this.#handOn(inbound)
    } catch (thrown) {
      const { from } = inbound
      if (!this.#gate.opens(from, this.#deps.host.nowMs())) return
      const what = 'a message of a peer could not be handled and is dropped'
      this.#deps.log.warn({ from, error: toError(thrown) }, what)
    }
  }

  #handOn(inbound: Inbound): void {
    this.#handlers.get(inbound.payload[0] ?? 0)?.(inbound)
  }
}

/** The payload behind the number of a change; 0 leaves it as it is. */
function fenced(sequence: number, payload: Uint8Array): Uint8Array {
  if (sequence === 0) return payload
  const bytes = allocateMemory(fenceHeadBytes + payload.length)
  bytes[0] = messageCodes.fenced
  bytes.writeUIntBE(sequence, 1, 6)
  bytes.set(payload, fenceHeadBytes)
  return bytes
}
