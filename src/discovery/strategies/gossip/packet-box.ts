/**
 * Packs what this node says and opens what others say: picks keys, counts, refuses replays.
 * Holds a bounded table of senders; no sockets, no clock.
 */
import type { Keyring } from '../../../kernel/index.ts'
import { decodeAnnouncement, type Announcement } from '../announcement.ts'
import { encodeAnnouncement } from './announcement-bytes.ts'
import {
  clusterTag,
  encodeHeader,
  parsePacket,
  sealPacket,
  unsealPacket,
  type NotAPacket,
  type PacketHeader,
  type RawPacket,
} from './packet.ts'
import { ReplayWindow } from './replay-window.ts'

/** Why a packet was refused. The last four come from nodes of our own cluster (or liars). */
export type Rejection =
  | NotAPacket
  | 'other-cluster'
  | 'replayed' // or the same packet again by another interface
  | 'malformed' // authentic, but not of the shape we know
  | 'secret-differs' // sealed with a key that is not on our keyring
  | 'forged' // says it has our key, and has not
  | 'not-sealed' // it uses no secret, we do
  | 'sealed' // it uses a secret, we do not

/** What became of received bytes. */
export type Opened =
  | { readonly type: 'own'; readonly counter: number }
  | { readonly type: 'heard'; readonly announcement: Announcement; readonly sizeBytes: number }
  | { readonly type: 'rejected'; readonly reason: Rejection }

/** Who packs. */
export interface PacketBoxIdentity {
  readonly cluster: string
  /** 16 fresh random bytes for every start. */
  readonly senderId: Uint8Array
  /** Without one, packets are plain: hints anybody could have made. */
  readonly keyring: Keyring | undefined
}

interface Sender {
  readonly key: Buffer | undefined
  readonly window: ReplayWindow
}

const sendersMax = 1_024
const noKeyId = '00000000'

/** One node's end of the gossip. */
export class PacketBox {
  readonly #keyring: Keyring | undefined
  readonly #clusterTag: string
  readonly #senderId: string
  readonly #ownKey: Buffer | undefined
  /** By sender and key; the one longest silent is forgotten for a new one. */
  readonly #senders = new Map<string, Sender>()
  #counter = 0

  constructor({ cluster, senderId, keyring }: PacketBoxIdentity) {
    this.#keyring = keyring
    this.#clusterTag = clusterTag(cluster)
    this.#senderId = Buffer.from(senderId).toString('hex')
    this.#ownKey = this.#deriveKey(this.#keyId(), this.#senderId)
  }

  /** Senders remembered now. */
  get senderCount(): number {
    return this.#senders.size
  }

  /** A packet that says this; no two are alike. */
  pack(announcement: Announcement): Buffer {
    this.#counter += 1
    const header: PacketHeader = {
      isSealed: this.#ownKey !== undefined,
      keyId: this.#keyId(),
      clusterTag: this.#clusterTag,
      senderId: this.#senderId,
      counter: this.#counter,
    }
    const body = encodeAnnouncement(announcement)
    if (this.#ownKey) return sealPacket(header, body, this.#ownKey)
    return Buffer.concat([encodeHeader(header), body])
  }

  /** Never throws, whatever the bytes. */
  open(bytes: Buffer): Opened {
    const packet = parsePacket(bytes)
    if (typeof packet === 'string') return { type: 'rejected', reason: packet }
    const { header } = packet
    if (header.clusterTag !== this.#clusterTag) return rejected('other-cluster')
    if (header.senderId === this.#senderId) return { type: 'own', counter: header.counter }
    if (header.isSealed !== (this.#keyring !== undefined)) {
      return rejected(header.isSealed ? 'sealed' : 'not-sealed')
    }
    return this.#openFrom(packet, bytes.length)
  }

  #openFrom(packet: RawPacket, sizeBytes: number): Opened {
    const { keyId, senderId, isSealed, counter } = packet.header
    const known = this.#senders.get(keyId + senderId)
    const key = known ? known.key : this.#deriveKey(keyId, senderId)
    if (isSealed && key === undefined) return rejected('secret-differs')
    const body = key ? unsealPacket(packet, key) : packet.rest
    if (!body) return rejected('forged')
    const sender = known ?? { key, window: new ReplayWindow() }
    this.#remember(keyId + senderId, sender)
    if (!sender.window.accept(counter)) return rejected('replayed')
    const announcement = decodeAnnouncement(body.toString('utf8'))
    return announcement ? { type: 'heard', announcement, sizeBytes } : rejected('malformed')
  }

  /** Moves the sender to the young end of the table. Only for authentic packets. */
  #remember(id: string, sender: Sender): void {
    this.#senders.delete(id)
    const oldest = this.#senders.keys().next()
    if (this.#senders.size >= sendersMax && oldest.done !== true) this.#senders.delete(oldest.value)
    this.#senders.set(id, sender)
  }

  #keyId(): string {
    return this.#keyring?.keys[0].id ?? noKeyId
  }

  #deriveKey(keyId: string, senderId: string): Buffer | undefined {
    return this.#keyring?.find(keyId)?.derive('gossip', `${this.#clusterTag} ${senderId}`, 32)
  }
}

function rejected(reason: Rejection): Opened {
  return { type: 'rejected', reason }
}
