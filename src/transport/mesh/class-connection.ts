/**
 * One authenticated socket of one class: frames of one turn go out in one write, received bytes
 * are cut into frames. Knows nothing of sequences, credit or dialling again.
 */
import type { Duplex } from 'node:stream'
import type { Host, Timer } from '../../kernel/index.ts'
import { asBuffer, FrameReader, frameKinds, releaseMemory, type BodyUse } from '../../wire/index.ts'
import { partMaxBytes, totalBytesLength } from './fragments.ts'
import { Page } from './page.ts'

/** Why a connection ended, as far as its own socket tells. */
export type ConnectionEnd = 'lost' | 'silent' | 'invalid-frame'

/** Gets the news of one connection. Nothing is called after `closed`, nor after {@link ClassConnection.close}. */
export interface ConnectionHandlers {
  /** @throws {FoundationError} when the peer breaks the protocol; the connection is closed. */
  frame(kind: number, sequence: number, body: Uint8Array): BodyUse
  /** Every frame of one received chunk was handed over. */
  chunkEnd(): void
  /** Bytes left for the kernel: there may be room again. */
  writable(): void
  closed(end: ConnectionEnd): void
}

/** What a connection talks to. */
export interface ConnectionDeps {
  readonly host: Host
  readonly handlers: ConnectionHandlers
}

/** How long the other side may take to end its half after a goodbye. */
const finishMaxMs = 1_000

/** Owns its socket from construction on. */
export class ClassConnection {
  readonly #socket: Duplex
  readonly #deps: ConnectionDeps
  readonly #reader: FrameReader
  #state: 'open' | 'finishing' | 'closed' = 'open'
  #page: Page | undefined
  #flushIsDue = false
  #heardAtMs: number
  #heardSinceBeat = true
  #silentForMs = 0
  #pingSentAtMs: number | undefined
  #wroteSincePing = false
  #finishTimer: Timer | undefined
  #onClosed: (() => void) | undefined

  constructor(socket: Duplex, deps: ConnectionDeps) {
    this.#socket = socket
    this.#deps = deps
    this.#heardAtMs = deps.host.nowMs()
    this.#reader = new FrameReader(partMaxBytes + totalBytesLength, (kind, sequence, body) => {
      return this.#state === 'open' ? deps.handlers.frame(kind, sequence, body) : 'free'
    })
    // Stays for good: an error event without a listener would end the process.
    socket.on('error', this.#onLost).once('close', this.#onLost)
    socket.once('end', () => {
      if (this.#state === 'open') this.#onLost()
    })
  }

  /** Starts reading; `leftover` was received together with the handshake. */
  open(leftover: Buffer): void {
    this.#socket.on('data', this.#onData)
    if (this.#socket.destroyed) this.#ended('lost')
    else if (leftover.length > 0) this.#onData(leftover)
    // The handshake leaves its socket paused.
    this.#socket.resume()
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** Monotonic time of the last received bytes. */
  get heardAtMs(): number {
    return this.#heardAtMs
  }

  /** Bytes written here that the kernel has not accepted yet. */
  get pendingBytes(): number {
    return (this.#page?.heldBytes ?? 0) + this.#socket.writableLength
  }

  /** Adds one frame to the page that leaves at the end of this turn, or earlier when it is full. */
  write(kind: number, sequence: number, body: Uint8Array): void {
    if (this.#state !== 'open') return
    this.#append(kind, sequence, body)
    this.#wroteSincePing = true
    if (this.#flushIsDue) return
    this.#flushIsDue = true
    this.#deps.host.defer(this.#onTurnEnd)
  }

  /** Hands what was written to the socket now. */
  flush(): void {
    const page = this.#page
    if (page === undefined || page.heldBytes === 0) return
    this.#socket.write(page.take(), (error) => {
      // A write that failed makes no room: the socket is about to say that it is lost.
      if (error) return
      page.giveBack()
      if (this.#state === 'open') this.#deps.handlers.writable()
    })
  }

  /** Asks the peer for a sign of life, unless one is asked for already. */
  ping(): void {
    if (this.#pingSentAtMs !== undefined || this.#state !== 'open') return
    this.#pingSentAtMs = this.#deps.host.nowMs()
    this.#wroteSincePing = false
    const body = Buffer.allocUnsafe(8)
    body.writeDoubleBE(this.#pingSentAtMs, 0)
    this.#append(frameKinds.ping, 0, body)
    this.flush()
  }

  /** The round trip a pong tells; undefined when it answers no ping of ours. */
  pong(body: Uint8Array): number | undefined {
    const sentAtMs = this.#pingSentAtMs
    if (sentAtMs === undefined || body.length !== 8) return
    if (asBuffer(body).readDoubleBE(0) !== sentAtMs) return
    this.#pingSentAtMs = undefined
    return this.#deps.host.nowMs() - sentAtMs
  }

  /** True when something was written that no ping has asked about yet. */
  get owesPing(): boolean {
    return this.#wroteSincePing
  }

  /**
   * Counts silence while an answer is owed. Time is given, and capped by the caller, so that a
   * pause of this very process does not count as silence of the peer.
   */
  beat(elapsedMs: number, silentAfterMs: number): void {
    const isSilent = this.#pingSentAtMs !== undefined && !this.#heardSinceBeat
    this.#silentForMs = isSilent ? this.#silentForMs + elapsedMs : 0
    this.#heardSinceBeat = false
    if (this.#silentForMs > silentAfterMs) this.#ended('silent')
  }

  /** Ends in order: the peer reads everything written, then a goodbye. No more news. */
  finish(onClosed: () => void): void {
    if (this.#state !== 'open') {
      onClosed()
      return
    }
    this.#append(frameKinds.goodbye, 0, Buffer.alloc(0))
    this.flush()
    this.#state = 'finishing'
    this.#onClosed = onClosed
    this.#finishTimer = this.#deps.host.after(finishMaxMs, () => this.#socket.destroy())
    this.#socket.end()
  }

  /** Drops the socket at once. No more news. */
  close(): void {
    this.#state = 'closed'
    this.#socket.destroy()
  }

  #append(kind: number, sequence: number, body: Uint8Array): void {
    if (this.#page?.hasRoom(body.length) !== true) this.#turnPage()
    this.#page?.add(kind, sequence, body)
  }

  #turnPage(): void {
    this.flush()
    this.#page?.leave()
    this.#page = Page.next()
  }

  readonly #onTurnEnd = (): void => {
    this.#flushIsDue = false
    if (this.#state === 'open') this.flush()
  }

  readonly #onLost = (): void => {
    this.#ended('lost')
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#state !== 'open') return
    this.#heardAtMs = this.#deps.host.nowMs()
    this.#heardSinceBeat = true
    try {
      if (this.#reader.push(chunk) === 'free') releaseMemory(chunk)
    } catch {
      this.#ended('invalid-frame')
      return
    }
    if (this.#isStillOpen()) this.#deps.handlers.chunkEnd()
  }

  /** Handing over frames may have closed this connection, which the compiler cannot see. */
  #isStillOpen(): boolean {
    return this.#state === 'open'
  }

  #ended(end: ConnectionEnd): void {
    const wasOpen = this.#state === 'open'
    this.#state = 'closed'
    this.#finishTimer?.cancel()
    this.#socket.destroy()
    this.#onClosed?.()
    this.#onClosed = undefined
    if (wasOpen) this.#deps.handlers.closed(end)
  }
}
