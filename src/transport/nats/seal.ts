/**
 * Payloads the broker cannot read: AES-256-GCM with a key for each life of each node, derived from
 * the cluster secret. The header and the subject are authenticated with the body, so that nothing
 * can be moved to another subject.
 *
 *     sealed body = u8[4] key id | u48 counter | ciphertext | 16 bytes tag
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { FoundationError, type Keyring } from '../../kernel/index.ts'
import { frameWith, headerBytes, type Frame, type Header } from './frames.ts'

const cipher = 'aes-256-gcm'
const keyIdBytes = 4
const counterBytes = 6
const tagBytes = 16
const prefixBytes = keyIdBytes + counterBytes
const use = 'nats payload'
const keysMax = 4_096

/** Bytes a sealed message has more than a plain one. */
export const sealBytes: number = prefixBytes + tagBytes

/** Turns bodies into what goes to the broker and back. */
export interface Seal {
  readonly isSealing: boolean
  /** Takes a whole message whose header says nothing of a seal yet. */
  close(message: Buffer, subject: string): Buffer
  /** @throws {FoundationError} `FND_HANDSHAKE_REFUSED` with `details.reason` `auth`. */
  open(frame: Frame, subject: string): Buffer
}

/** Nothing is sealed, and sealed messages are refused. */
export const plainSeal: Seal = {
  isSealing: false,
  close: (message) => message,
  open: (frame) => {
    if (frame.isSealed) throw differs('it seals its payloads and this node does not')
    return frame.body
  },
}

/** Seals with the first key of the ring, opens with any of them. */
export class SecretSeal implements Seal {
  readonly isSealing = true
  readonly #keyring: Keyring
  readonly #cluster: string
  readonly #ownKey: Buffer
  /** By key id and sender; the oldest is forgotten for a new one. */
  readonly #keys = new Map<string, Buffer>()
  #counter = 0

  constructor(keyring: Keyring, own: { readonly cluster: string; readonly sender: string }) {
    this.#keyring = keyring
    this.#cluster = own.cluster
    this.#ownKey = this.#derive(keyring.keys[0].id, own.sender) as Buffer
  }

  close(message: Buffer, subject: string): Buffer {
    const body = message.subarray(headerBytes)
    const sealed = Buffer.allocUnsafe(message.length + sealBytes)
    message.copy(sealed, 0, 0, headerBytes)
    sealed[1] = 1
    this.#counter += 1
    sealed.write(this.#keyring.keys[0].id, headerBytes, 'hex')
    sealed.writeUIntBE(this.#counter, headerBytes + keyIdBytes, counterBytes)
    const seal = createCipheriv(cipher, this.#ownKey, nonceOf(sealed))
    seal.setAAD(aadOf(sealed, subject))
    const text = seal.update(body)
    seal.final()
    text.copy(sealed, headerBytes + prefixBytes)
    seal.getAuthTag().copy(sealed, sealed.length - tagBytes)
    return sealed
  }

  open(frame: Frame, subject: string): Buffer {
    if (!frame.isSealed) throw differs('it does not seal its payloads and this node does')
    const { body } = frame
    if (body.length < sealBytes) throw differs('a sealed message is cut short')
    const keyId = body.toString('hex', 0, keyIdBytes)
    const key = this.#keyOf(keyId, frame.sender)
    if (!key) throw differs('its secret is another one')
    const whole = wholeOf(frame)
    const seal = createDecipheriv(cipher, key, nonceOf(whole))
    seal.setAAD(aadOf(whole, subject))
    seal.setAuthTag(body.subarray(body.length - tagBytes))
    try {
      const text = seal.update(body.subarray(prefixBytes, body.length - tagBytes))
      seal.final()
      return text
    } catch {
      throw differs('a message was changed on its way, or forged')
    }
  }

  #keyOf(keyId: string, sender: string): Buffer | undefined {
    const name = `${keyId} ${sender}`
    const known = this.#keys.get(name)
    if (known) return known
    const key = this.#derive(keyId, sender)
    const [oldest] = this.#keys.keys()
    if (this.#keys.size >= keysMax && oldest !== undefined) this.#keys.delete(oldest)
    if (key) this.#keys.set(name, key)
    return key
  }

  #derive(keyId: string, sender: string): Buffer | undefined {
    return this.#keyring.find(keyId)?.derive(use, `${this.#cluster}\0${sender}`, 32)
  }
}

/** The header and what follows it, as they were sent. */
function wholeOf(frame: Frame): Buffer {
  const { body } = frame
  const header: Header = frame
  const start = frameWith(header, prefixBytes)
  body.copy(start, headerBytes, 0, prefixBytes)
  return start
}

/** Never the same twice for one key: the counter grows over the whole life of the sender. */
function nonceOf(message: Buffer): Buffer {
  const nonce = Buffer.alloc(12)
  message.copy(nonce, 6, headerBytes + keyIdBytes, headerBytes + prefixBytes)
  return nonce
}

function aadOf(message: Buffer, subject: string): Buffer {
  return Buffer.concat([message.subarray(0, headerBytes), Buffer.from(subject, 'utf8')])
}

function differs(why: string): FoundationError {
  return new FoundationError(
    'FND_HANDSHAKE_REFUSED',
    `A node on the broker was not heard: ${why}`,
    {
      details: { reason: 'auth' },
    },
  )
}
