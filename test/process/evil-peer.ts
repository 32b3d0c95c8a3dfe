/** A peer that has the secret and speaks the protocol by hand, byte by byte. */
import type { TLSSocket } from 'node:tls'
import { Keyring, systemHost } from '../../src/kernel/index.ts'
import type { ChannelClass } from '../../src/transport/index.ts'
import { dialTls } from '../../src/transport/mesh/dialer.ts'
import { offer, type Greeted } from '../../src/transport/mesh/handshake.ts'
import { frameKinds, frameOf, protocolVersions } from '../../src/wire/index.ts'

/** Whom it attacks, and what it knows. */
export interface EvilPeerOptions {
  readonly address: string
  readonly cluster: string
  readonly secret: string
}

let incarnations = 0

/** One link to one node; connections are opened by hand. */
export class EvilPeer {
  /** Another one each time: who comes and goes under one name is soon not let in for a while. */
  readonly name: string
  readonly #options: EvilPeerOptions
  readonly #incarnation: string
  readonly #sockets = new Map<ChannelClass, TLSSocket>()
  readonly #sequences = new Map<ChannelClass, number>()
  #link: string | undefined

  constructor(options: EvilPeerOptions) {
    incarnations += 1
    this.name = `evil-${String(incarnations)}`
    this.#options = options
    this.#incarnation = `00000000${String(incarnations)}-evil`
  }

  /** The authenticated socket of a class; `control` must be the first. */
  async open(channelClass: ChannelClass): Promise<TLSSocket> {
    const { socket, link } = await this.#greet(channelClass)
    this.#link = link
    this.#sockets.set(channelClass, socket)
    socket.on('error', () => undefined).resume()
    return socket
  }

  /** An open socket of a class. */
  socket(channelClass: ChannelClass): TLSSocket {
    const socket = this.#sockets.get(channelClass)
    if (!socket) throw new Error(`the evil peer has no ${channelClass} connection`)
    return socket
  }

  /** Sends a payload as a good peer would: counted, and in fragments when it is large. */
  send(channelClass: ChannelClass, payload: Buffer): void {
    const sequence = (this.#sequences.get(channelClass) ?? 0) + 1
    this.#sequences.set(channelClass, sequence)
    const socket = this.#sockets.get(channelClass)
    if (payload.length <= partBytes) socket?.write(frameOf(frameKinds.data, payload, sequence))
    else for (const frame of fragmentsOf(payload, sequence)) socket?.write(frame)
  }

  close(): void {
    for (const socket of this.#sockets.values()) socket.destroy()
  }

  async #greet(channelClass: ChannelClass): Promise<Greeted> {
    const { address, cluster, secret } = this.#options
    const { name } = this
    const shared = { host: systemHost, timeoutMs: 5_000 }
    const credentials = { kind: 'psk', keyring: new Keyring([secret]), cluster } as const
    const { socket, peer } = await dialTls(address, {
      ...{ ...shared, credentials, self: name, expect: '*' },
    })
    const incarnation = this.#incarnation
    const identity = { name, incarnation, cluster, addresses: [], roles: [], meta: {} }
    const link = this.#link === undefined ? {} : { link: this.#link }
    const epoch = this.#link === undefined ? 0 : 1
    return offer(socket, {
      ...{ ...shared, peer, address },
      hello: {
        ...{ protocol: protocolVersions, identity, class: channelClass, nonce: 'nonce' },
        ...{ nextSequence: [], epoch, ...link },
      },
      decide: () => Promise.resolve({ epoch: 1, nextSequence: [1, 1, 1, 1] }),
    })
  }
}

const partBytes = 64 * 1024

/** The first fragment of a payload, claiming a length. */
export function firstFragment(claimedBytes: number, part: Buffer, sequence = 1): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(claimedBytes)
  return frameOf(frameKinds.fragment, Buffer.concat([head, part]), sequence)
}

function fragmentsOf(payload: Buffer, sequence: number): Buffer[] {
  const frames = [firstFragment(payload.length, payload.subarray(0, partBytes), sequence)]
  for (let offset = partBytes; offset < payload.length; offset += partBytes) {
    const isLast = offset + partBytes >= payload.length
    const kind = isLast ? frameKinds.fragmentEnd : frameKinds.fragment
    frames.push(frameOf(kind, payload.subarray(offset, offset + partBytes), sequence))
  }
  return frames
}
