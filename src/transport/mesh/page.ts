/**
 * Memory that frames are written into until a socket takes it. A page is used again once the socket
 * is done with it: to make one for each 64 KiB would keep the garbage collector busy under load.
 */
import { frameHeaderBytes, writeFrameHeader } from '../../wire/index.ts'
import { partMaxBytes, totalBytesLength } from './fragments.ts'

/** One whole fragment fits, or four of the small ones of bulk. */
const pageBytes = partMaxBytes + 4 * (totalBytesLength + frameHeaderBytes)
/** Pages kept for all connections of the process: 2 MiB. */
const sparePagesMax = 32

const spare: Page[] = []

/** See the head of this file. Frames go in at the end, writes take them from the start. */
export class Page {
  readonly #bytes = Buffer.allocUnsafeSlow(pageBytes)
  readonly #view = new DataView(this.#bytes.buffer)
  #start = 0
  #end = 0
  /** Stretches given to the socket that it is not done with. */
  #lent = 0
  #state: 'in-use' | 'left' = 'in-use'

  /** An empty page. */
  static next(): Page {
    return spare.pop() ?? new Page()
  }

  /** Bytes added and not taken. */
  get heldBytes(): number {
    return this.#end - this.#start
  }

  hasRoom(bodyBytes: number): boolean {
    return pageBytes - this.#end >= frameHeaderBytes + bodyBytes
  }

  /** Adds one frame. */
  add(kind: number, sequence: number, body: Uint8Array): void {
    const bodyBytes = body.length
    const offset = writeFrameHeader(this.#view, this.#end, { kind, sequence, bodyBytes })
    this.#bytes.set(body, offset)
    this.#end = offset + bodyBytes
  }

  /** Everything added since the last time. It may not be changed before `giveBack`. */
  take(): Buffer {
    const taken = this.#bytes.subarray(this.#start, this.#end)
    this.#start = this.#end
    this.#lent += 1
    return taken
  }

  /** The socket is done with one stretch it was given. */
  giveBack(): void {
    this.#lent -= 1
    this.#keepIfFree()
  }

  /** No more frames will be added. */
  leave(): void {
    this.#state = 'left'
    this.#keepIfFree()
  }

  #keepIfFree(): void {
    if (this.#state !== 'left' || this.#lent > 0 || spare.length >= sparePagesMax) return
    this.#start = 0
    this.#end = 0
    this.#state = 'in-use'
    spare.push(this)
  }
}
