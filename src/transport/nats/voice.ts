/** Writes the messages of one life of one node, and reads those of others. */
import type { Message } from '../../wire/index.ts'
import { frameWith, headerBytes, readFrame, type Frame } from './frames.ts'
import type { Seal } from './seal.ts'

/** One a transport. */
export class Voice {
  readonly sender: string
  readonly #seal: Seal

  constructor(sender: string, seal: Seal) {
    this.sender = sender
    this.#seal = seal
  }

  /** A whole message, not sealed yet: for an outbox, which seals. */
  plain<T>(word: Message<T>, value: T): Buffer {
    // The kind stands in the header; the code byte in front of the body would say it again.
    const body = word.encode(value).subarray(1)
    const frame = frameWith(this.#header(word.code), body.length)
    body.copy(frame, headerBytes)
    return frame
  }

  /** A whole message, ready for the subject. */
  sealed<T>(...[word, value, subject]: [Message<T>, T, string]): Buffer {
    return this.#seal.close(this.plain(word, value), subject)
  }

  /** A message without a body. */
  bare(kind: number): Buffer {
    return frameWith(this.#header(kind), 0)
  }

  /** @throws {FoundationError} `FND_FRAME_INVALID`; `FND_HANDSHAKE_REFUSED` when it is sealed otherwise. */
  read(bytes: Uint8Array, subject: string): Frame {
    const frame = readFrame(bytes)
    const body = this.#seal.open(frame, subject)
    return body === frame.body ? frame : { ...frame, body }
  }

  #header(kind: number): Parameters<typeof frameWith>[0] {
    return { kind, isSealed: false, generation: 0, sender: this.sender, sequence: 0 }
  }
}
