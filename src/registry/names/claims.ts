/**
 * Claims of this node on their way to the arbiters of the names. Pure: time is asked for and messages
 * leave through `send`. Every claim ends: granted, refused or out of time.
 *
 * A grant is made use of in the call that brings it, so that this node never states a new view
 * between the two.
 */
import { FoundationError } from '../../kernel/index.ts'
import type { WireClaim, WireVerdict } from './messages.ts'
import type { View } from './view.ts'

/** What the claims talk to. */
export interface ClaimsDeps {
  readonly view: () => View
  readonly nowMs: () => number
  /** Hands claims or releases to a node, which may be this one. */
  readonly send: (arbiter: string, kind: 'claims' | 'releases', claim: WireClaim) => void
}

/** The bounds. */
export interface ClaimsBounds {
  readonly claimResendAfterMs: number
  readonly claimsMax: number
  readonly grantKeepMs: number
}

/** The name is the claimant's. */
export interface Granted {
  readonly epoch: number
  /** Number of the claim, to give the grant back. */
  readonly id: number
}

/** How a claim ends. */
export interface ClaimOutcome {
  readonly granted: (grant: Granted) => void
  /** With `FND_NAME_TAKEN`, `FND_TIMED_OUT`, `FND_NOT_RUNNING` or the reason of `cancel`. */
  readonly failed: (reason: unknown) => void
}

interface Pending {
  id: number
  readonly name: string
  readonly deadlineMs: number
  readonly startedMs: number
  arbiter: string
  /** When it first went to this arbiter under this number. */
  askedMs: number
  /** When it goes again unless it was answered. */
  againMs: number
  stales: number
  readonly outcome: ClaimOutcome
}

const stalePauseMs = 20
const stalePauseMaxMs = 200

/** One a node. */
export class Claims {
  readonly #deps: ClaimsDeps
  readonly #bounds: ClaimsBounds
  readonly #pending = new Map<number, Pending>()
  #lastId = 0

  constructor(deps: ClaimsDeps, bounds: ClaimsBounds) {
    this.#deps = deps
    this.#bounds = bounds
  }

  /** Claims without a verdict. */
  get size(): number {
    return this.#pending.size
  }

  /**
   * Asks for a name. One claim of a name at a time is the caller's to see to.
   *
   * @returns the way to give up.
   * @throws {FoundationError} `FND_LIMIT_REACHED`
   */
  claim(name: string, timeoutMs: number, outcome: ClaimOutcome): (reason: unknown) => void {
    if (this.#pending.size >= this.#bounds.claimsMax) throw tooMany(name, this.#pending.size)
    const nowMs = this.#deps.nowMs()
    const pending: Pending = {
      ...{ id: this.#nextId(), name, arbiter: '', askedMs: nowMs, againMs: nowMs, stales: 0 },
      ...{ deadlineMs: nowMs + timeoutMs, startedMs: nowMs, outcome },
    }
    this.#pending.set(pending.id, pending)
    this.#ask(pending)
    return (reason) => {
      if (this.#pending.get(pending.id) === pending) this.#fail(pending, reason)
    }
  }

  /** An arbiter answered. Claims that are over were taken back: their verdicts mean nothing. */
  verdict(from: string, { id, kind, epoch, node }: WireVerdict): void {
    const pending = this.#pending.get(id)
    if (pending?.arbiter !== from) return
    if (kind === 'stale') {
      const pauseMs = Math.min(stalePauseMs * 2 ** pending.stales, stalePauseMaxMs)
      pending.stales += 1
      pending.againMs = this.#deps.nowMs() + pauseMs
    } else if (kind === 'taken') {
      this.#pending.delete(id)
      pending.outcome.failed(taken(pending.name, node ?? ''))
    } else this.#granted(pending, epoch ?? 0)
  }

  /** A name may have another arbiter now: what the former one grants no longer counts. */
  viewChanged(): void {
    for (const pending of [...this.#pending.values()]) {
      if (this.#deps.view().arbiterOf(pending.name) !== pending.arbiter) this.#rebind(pending)
      else if (pending.stales > 0) this.#ask(pending)
    }
  }

  /** What was on the way to the peer may be lost. */
  linkUp(peer: string): void {
    for (const pending of this.#pending.values()) if (pending.arbiter === peer) this.#ask(pending)
  }

  /** Ends what is out of time, and asks again where no answer came. */
  tick(): void {
    const nowMs = this.#deps.nowMs()
    for (const pending of [...this.#pending.values()]) {
      if (nowMs >= pending.deadlineMs) this.#fail(pending, timedOut(pending, nowMs))
      else if (nowMs >= pending.againMs) this.#ask(pending)
    }
  }

  stop(reason: FoundationError): void {
    const pendings = [...this.#pending.values()]
    this.#pending.clear()
    for (const { outcome } of pendings) outcome.failed(reason)
  }

  #granted(pending: Pending, epoch: number): void {
    const nowMs = this.#deps.nowMs()
    // The arbiter forgets a grant it does not see used: one that comes late may be void by now.
    const isLate = nowMs - pending.askedMs >= this.#bounds.grantKeepMs / 2
    if (nowMs >= pending.deadlineMs) this.#fail(pending, timedOut(pending, nowMs))
    else if (isLate) this.#rebind(pending)
    else {
      this.#pending.delete(pending.id)
      pending.outcome.granted({ epoch, id: pending.id })
    }
  }

  #fail(pending: Pending, reason: unknown): void {
    this.#pending.delete(pending.id)
    this.#release(pending)
    pending.outcome.failed(reason)
  }

  #rebind(pending: Pending): void {
    this.#release(pending)
    this.#pending.delete(pending.id)
    pending.id = this.#nextId()
    pending.stales = 0
    pending.askedMs = this.#deps.nowMs()
    this.#pending.set(pending.id, pending)
    this.#ask(pending)
  }

  #ask(pending: Pending): void {
    pending.arbiter = this.#deps.view().arbiterOf(pending.name)
    pending.againMs = this.#deps.nowMs() + this.#bounds.claimResendAfterMs
    this.#deps.send(pending.arbiter, 'claims', { id: pending.id, name: pending.name })
  }

  #release({ arbiter, id, name }: Pending): void {
    this.#deps.send(arbiter, 'releases', { id, name })
  }

  #nextId(): number {
    this.#lastId += 1
    return this.#lastId
  }
}

/** The error of a registration beyond the bound. */
export function tooMany(name: string, waiting: number): FoundationError {
  const message = `Registration of "${name}": ${String(waiting)} wait already; await some first`
  return new FoundationError('FND_LIMIT_REACHED', message)
}

/** The error of a registration that came too late. */
export function taken(name: string, node: string): FoundationError {
  const message =
    `Name "${name}" is taken by node "${node}"; ` +
    'use registry.get() to call its service, or watch() to hear when it is free'
  return new FoundationError('FND_NAME_TAKEN', message, { details: { name, node } })
}

function timedOut({ name, arbiter, startedMs }: Pending, nowMs: number): FoundationError {
  const spentMs = String(Math.round(nowMs - startedMs))
  const message =
    `Registration of "${name}" took longer than ${spentMs} ms; node "${arbiter}", which decides on ` +
    'that name, did not answer: see whether it is well (foundation status), then try again'
  return new FoundationError('FND_TIMED_OUT', message, { details: { name, arbiter } })
}
