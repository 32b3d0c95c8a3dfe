/**
 * Handshake messages over one socket, before it carries anything else: one at a time, bounded in
 * size, under one deadline. Leaves the socket paused, with the bytes that came after the last
 * message handed over.
 */
import type { TLSSocket } from 'node:tls'
import {
  deferred,
  isFoundationError,
  toError,
  FoundationError,
  type Deferred,
  type Host,
} from '../../kernel/index.ts'
import { frameHeaderBytes } from '../../wire/index.ts'
import {
  decodeHandshake,
  handshakeFrames,
  helloMaxBytes,
  type HandshakeBodies,
  type HandshakeMessage,
} from './hello.ts'
import { dialError, type Refusal } from './tls-failure.ts'

/** What a handshake needs beside its socket. */
export interface HandshakeStreamOptions {
  readonly host: Host
  /** The other end, for messages. */
  readonly address: string
  /** For all of the handshake, from now on. */
  readonly timeoutMs: number
  /** Ends the handshake; its reason is thrown untouched. */
  readonly signal?: AbortSignal | undefined
  /** The error to throw for an error or the end of the socket; `heard`: it said something before. */
  readonly explain: (error: Error, heard: boolean) => FoundationError
}

const lengthBytes = 4

/** One a connection; `close` or `finish` ends it. */
export class HandshakeStream {
  readonly #socket: TLSSocket
  readonly #options: HandshakeStreamOptions
  readonly #release: () => void
  #bytes: Buffer = Buffer.alloc(0)
  #heard = false
  #waiting: Deferred<HandshakeMessage> | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(socket: TLSSocket, options: HandshakeStreamOptions) {
    this.#socket = socket
    this.#options = options
    this.#release = this.#listen()
  }

  /**
   * The next message.
   *
   * @throws {FoundationError} what {@link dialError} makes of a refusal by the peer, the end of the
   *   connection, bytes that are no handshake, the deadline; `signal.reason` when aborted.
   */
  async next<K extends keyof HandshakeBodies>(kind: K): Promise<HandshakeBodies[K]> {
    const message = await this.#receive()
    if (message.kind === 'refuse') throw this.#refused(message.value)
    if (message.kind !== kind) throw this.#broken(`it sent ${message.kind} instead of ${kind}`)
    return message.value as HandshakeBodies[K]
  }

  /** Writes one frame. A dead socket is noticed by `next` or `finish`. */
  send(frame: Buffer): void {
    if (!this.#socket.destroyed) this.#socket.write(frame)
  }

  /** Tells the peer why not, then ends the connection. Returns the error for our own side. */
  refuse(refusal: Refusal, told: Refusal = refusal): FoundationError {
    this.send(handshakeFrames.refuse(refusal))
    this.#release()
    this.#socket.destroySoon()
    return dialError(told, this.#options.address)
  }

  /** Ends the handshake well: returns the bytes that came after its last message. */
  finish(): Buffer {
    if (this.#failure) throw this.#failure.error
    this.#release()
    return this.#bytes
  }

  /** Ends the handshake and the connection; for every failure. */
  close(): void {
    this.#release()
    if (!this.#socket.destroyed && !this.#socket.writableEnded) this.#socket.destroy()
  }

  #receive(): Promise<HandshakeMessage> {
    const waiting = deferred<HandshakeMessage>()
    this.#waiting = waiting
    if (this.#failure) waiting.reject(this.#failure.error)
    else this.#deliver()
    return waiting.promise
  }

  /** Hands the next whole message to who waits, or reads on. */
  #deliver(): void {
    if (!this.#waiting) return
    try {
      const message = this.#cut()
      if (message) {
        this.#waiting.resolve(message)
        this.#waiting = undefined
      } else this.#socket.resume()
    } catch (error) {
      this.#fail(this.#broken(toError(error).message))
    }
  }

  #cut(): HandshakeMessage | undefined {
    const bytes = this.#bytes
    if (bytes.length < lengthBytes) return undefined
    const end = lengthBytes + bytes.readUInt32BE(0)
    if (end < frameHeaderBytes || end > frameHeaderBytes + helloMaxBytes) {
      throw new FoundationError('FND_FRAME_INVALID', `Handshake frame of ${String(end)} bytes`)
    }
    if (bytes.length < end) return undefined
    this.#bytes = bytes.subarray(end)
    return decodeHandshake(bytes[lengthBytes] ?? 0, bytes.subarray(frameHeaderBytes, end))
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#waiting?.reject(this.#failure.error)
    this.#waiting = undefined
    this.close()
  }

  #listen(): () => void {
    const { host, timeoutMs, signal, explain } = this.#options
    const socket = this.#socket
    const onData = (chunk: Buffer): void => {
      socket.pause()
      this.#heard = true
      this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
      this.#deliver()
    }
    const onError = (error: Error): void => {
      this.#fail(isFoundationError(error) ? error : explain(error, this.#heard))
    }
    const onClose = (): void => {
      onError(socket.errored ?? new Error('it ended the connection'))
    }
    const onAbort = (): void => {
      this.#fail(signal?.reason)
    }
    const timer = host.after(timeoutMs, () => {
      const { address } = this.#options
      const message =
        `Handshake with ${address}: connected, but no answer within ${String(timeoutMs)} ms; ` +
        'its process hangs, or it is not a Foundation node'
      this.#fail(dialError({ reason: 'timeout', message }, this.#options.address))
    })
    socket.pause()
    socket.on('data', onData).on('error', onError).on('end', onClose).on('close', onClose)
    signal?.addEventListener('abort', onAbort, { once: true })
    if (signal?.aborted) onAbort()
    else if (socket.destroyed) host.defer(onClose)
    return () => {
      timer.cancel()
      signal?.removeEventListener('abort', onAbort)
      socket.off('data', onData).off('error', onError).off('end', onClose).off('close', onClose)
      socket.pause()
    }
  }

  #refused({ reason, message }: Refusal): FoundationError {
    const { address } = this.#options
    return dialError({ reason, message: `${address} refused the link: ${message}` }, address)
  }

  #broken(what: string): FoundationError {
    const { address } = this.#options
    const message = `Handshake with ${address} failed: ${what}`
    return dialError({ reason: 'broken', message }, address)
  }
}
