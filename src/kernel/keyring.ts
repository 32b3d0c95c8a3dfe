/**
 * The cluster secret in memory: keys that derive other keys and never show themselves
 * (the bytes are in a `#` field, which neither `inspect` nor JSON sees).
 * Where the secret comes from is `secret-file.ts`.
 * @source HKDF: RFC 5869. One key per use and pair: RFC 9257 section 4.
 */
import { createHash, hkdfSync } from 'node:crypto'
import { FoundationError } from './errors.ts'

const secretMinBytes = 16

/** One secret. `id` is public: a short name both sides find the same key by. */
export class SecretKey {
  readonly id: string
  readonly #bytes: Buffer

  /**
   * @param secret any text of at least 16 bytes; `foundation secret new` makes a good one.
   * @throws {FoundationError} `FND_SECRET_INVALID` when it is short or easily guessed.
   */
  constructor(secret: string) {
    const bytes = Buffer.from(secret, 'utf8')
    const weakness = weaknessOf(bytes)
    if (weakness !== undefined) {
      throw new FoundationError(
        'FND_SECRET_INVALID',
        `The cluster secret ${weakness}; make one with: foundation secret new`,
      )
    }
    this.#bytes = bytes
    this.id = this.derive('key id', '', 4).toString('hex')
  }

  /** `byteCount` bytes that only holders of the secret can compute, different for each (use, scope). */
  derive(use: string, scope: string, byteCount: number): Buffer {
    const salt = Buffer.from(scope, 'utf8')
    return Buffer.from(hkdfSync('sha256', this.#bytes, salt, `foundation ${use}`, byteCount))
  }

  toJSON(): unknown {
    return { id: this.id }
  }
}

/** The secrets a node accepts, best first: it dials with the first and accepts all. */
export class Keyring {
  readonly keys: readonly [SecretKey, ...SecretKey[]]

  /** @throws {FoundationError} `FND_SECRET_INVALID` when the list is empty or one of them is weak. */
  constructor(secrets: readonly string[]) {
    const [first, ...others] = secrets.map((secret) => new SecretKey(secret))
    if (!first)
      throw new FoundationError(
        'FND_SECRET_INVALID',
        'The list of secrets is empty; give at least one',
      )
    this.keys = [first, ...others]
  }

  /** The key a peer named by its public id. */
  find(id: string): SecretKey | undefined {
    return this.keys.find((key) => key.id === id)
  }

  /** Short text two people can compare aloud: equal means the same first secret. */
  get fingerprint(): string {
    const digest = createHash('sha256').update(this.keys[0].derive('fingerprint', '', 16))
    return digest
      .digest('hex')
      .slice(0, 16)
      .replaceAll(/(.{4})(?=.)/g, '$1-')
  }
}

function weaknessOf(bytes: Buffer): string | undefined {
  if (bytes.length < secretMinBytes) {
    return `has ${String(bytes.length)} bytes, at least ${String(secretMinBytes)} are needed`
  }
  return new Set(bytes).size < 6 ? 'is too easily guessed (few different characters)' : undefined
}
