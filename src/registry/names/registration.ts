/** The handle of an owner: only it can change or end a registration. */
import { checkFunction, FoundationError } from '../../kernel/index.ts'
import type { LogPosition } from '../../replication/index.ts'
import type { Entry } from './record.ts'

/** The space of the owner log that names stand in. */
export const namesSpace = 'names'

/** A place in an owner's log; plain data. See `lookup(name, { after })`. */
export type Token = LogPosition

/** A name of this node. */
export interface Registration<M = unknown> {
  readonly name: string
  /** Grows with every owner the name has had on this side of a partition. */
  readonly epoch: number
  readonly meta: M
  /** Whoever waits for it sees the registration as it is now: `lookup(name, { after: token })`. */
  readonly token: Token
  /**
   * Aborts when the name is no longer this one's without its doing: lost to another owner after a
   * partition (`FND_NAME_LOST`), or the node stops (`FND_NOT_RUNNING`).
   */
  readonly lost: AbortSignal
  /**
   * Replaces the metadata, here at once. Resolves when every linked peer has the change, or after
   * `registerTimeoutMs`.
   *
   * @throws {FoundationError} `FND_NAME_LOST`, `FND_LIMIT_REACHED`, `FND_MESSAGE_INVALID`,
   *   `FND_MESSAGE_TOO_LARGE`; what `change` throws. The metadata then stay as they were.
   */
  update(change: (meta: M) => M): Promise<void>
  /**
   * Gives the name up, here at once. Resolves when every linked peer knows, or after
   * `registerTimeoutMs`. Idempotent; never rejects.
   */
  unregister(): Promise<void>
  /** As `unregister()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/** How a registration is to behave. */
export interface RegisterOptions<M = unknown> {
  /** Shown in its entry on every node; small plain data. */
  readonly meta?: M | undefined
  /**
   * Who must hold the registration before the promise resolves, beside this node: nobody (`local`,
   * the default), more than half of the members with this one, or every linked peer.
   */
  readonly ack?: 'local' | 'majority' | 'all' | undefined
  /**
   * Another owner keeps the name after a partition. Called when the name is already gone; what it
   * returns is handed to the winner's `mergeState`. May take up to `conflictGraceMs`.
   */
  readonly onConflictLost?: ((winner: Entry) => unknown) | undefined
  /** Gets what a loser's `onConflictLost` returned. Default: the service's own `mergeState`. */
  readonly mergeState?: ((lost: unknown, loser: Entry) => unknown) | undefined
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** What a registration asks of the names. */
export interface RegistrationOwner {
  write(own: OwnName, meta: unknown): Promise<void>
  unregister(own: OwnName): Promise<void>
  readonly self: { readonly name: string; readonly incarnation: string }
}

/** One registration of this node. */
export class OwnName implements Registration {
  readonly #owner: RegistrationOwner
  readonly service: object | undefined
  readonly options: RegisterOptions
  /** Number of the claim that got it. */
  readonly claimId: number
  readonly name: string
  readonly epoch: number
  meta: unknown
  /** Number of the change of the owner log that says it. */
  sequence = 0
  state: 'held' | 'ended' | 'lost' = 'held'
  #controller: AbortController | undefined
  #lostReason: FoundationError | undefined

  constructor(
    owner: RegistrationOwner,
    given: { name: string; service: object | undefined; options: RegisterOptions },
    granted: { epoch: number; claimId: number },
  ) {
    this.#owner = owner
    this.service = given.service
    this.options = given.options
    this.name = given.name
    this.epoch = granted.epoch
    this.meta = given.options.meta
    this.claimId = granted.claimId
  }

  get token(): Token {
    const { name: owner, incarnation } = this.#owner.self
    return { owner, incarnation, sequence: this.sequence }
  }

  // Made when asked for: few of many registrations are watched.
  get lost(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#lostReason) this.#controller.abort(this.#lostReason)
    return this.#controller.signal
  }

  async update(change: (meta: unknown) => unknown): Promise<void> {
    checkFunction('update', change)
    if (this.state !== 'held') throw lostError(this)
    await this.#owner.write(this, change(this.meta))
  }

  unregister(): Promise<void> {
    return this.#owner.unregister(this)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.unregister()
  }

  /** The name is gone for good: tells who listens to `lost`. */
  abort(reason: FoundationError): void {
    this.#lostReason ??= reason
    this.#controller?.abort(this.#lostReason)
  }
}

/** The error of a registration that is over. */
export function lostError(
  { name, state }: Pick<OwnName, 'name' | 'state'>,
  winner?: Entry,
): FoundationError {
  const how = winner ? `lost to node "${winner.node}"` : state === 'lost' ? 'lost' : 'given up'
  const message = `Registration of "${name}" was ${how}; register it again if you need it`
  return new FoundationError('FND_NAME_LOST', message, { details: { name, node: winner?.node } })
}
