/**
 * The calls of this node to one name, kept in order while the name moves. Calls go out at once as
 * long as the place stays the same; when it changes, the later ones wait until the earlier ones have
 * come back, so that a call sent on never arrives behind one that was made after it.
 */
import { FoundationError, type Host, type Timer } from '../../kernel/index.ts'
import type { ServiceCall, ServiceReply } from './replies.ts'

/** Where a name is: on a node; on its way to one; or nowhere. */
export type Whereabouts = { readonly node: string } | 'pending' | undefined

/** Who knows where names are. */
export interface Locator {
  locate(name: string): Whereabouts
  /** Calls `listener` after each change of where the name is, until the returned function is called. */
  onMoved(name: string, listener: () => void): () => void
}

/** A call of this node that is not settled. */
export interface LanedCall {
  /** Calls of a lane are numbered in the order they were made. */
  readonly number: number
  readonly call: ServiceCall
  readonly deadlineMs: number
  readonly signal: AbortSignal | undefined
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: unknown) => void
  /** Times it came back without having run. */
  returns: number
  /** Ends the watch over its deadline and signal that it is under while it waits here. */
  unwatch?: (() => void) | undefined
}

/** What a lane talks to. */
export interface CallLaneDeps {
  readonly name: string
  readonly host: Pick<Host, 'nowMs' | 'after'>
  readonly locator: Locator
  /** Sends a call to a node. */
  readonly send: (node: string, call: LanedCall) => Promise<ServiceReply>
  /** Calls that may wait; beyond it `FND_LIMIT_REACHED`. */
  readonly waitingMax: number
  /** Nothing is under way any more. */
  readonly idle: () => void
}

/** Times in a row that nodes may deny having a name before it is not known. */
const denialsMax = 5
const pauseStepMs = 10
const pauseMaxMs = 500

/** One a name that has calls under way. */
export class CallLane {
  readonly #deps: CallLaneDeps
  /** In the order of their numbers. */
  readonly #waiting: LanedCall[] = []
  #outstanding = 0
  /** Where the outstanding ones went. */
  #node: string | undefined
  /** `from` said that the name is at `to`, which those who know of names may not have heard yet. */
  #redirect: { readonly from: string; readonly to: string } | undefined
  #pause: Timer | undefined
  #forget: (() => void) | undefined

  constructor(deps: CallLaneDeps) {
    this.#deps = deps
  }

  /** Sends the call, now or when those before it have left. */
  add(call: LanedCall): void {
    if (this.#waiting.length >= this.#deps.waitingMax) {
      call.reject(tooMany(this.#deps.name))
      return
    }
    this.#waiting.push(call)
    this.#pump()
  }

  /** Rejects what waits; what is under way is rpc's to end. */
  stop(reason: FoundationError): void {
    this.#pause?.cancel()
    this.#pause = undefined
    this.#rejectAll(reason)
    this.#rest()
  }

  #pump(): void {
    if (this.#pause) return
    while (this.#waiting.length > 0) {
      const place = this.#place()
      if (place === undefined) this.#rejectAll(nameUnknown(this.#deps.name))
      else if (place === 'pending' || !this.#mayGoTo(place.node)) break
      else this.#dispatch(place.node, this.#waiting.shift() as LanedCall)
    }
    this.#rest()
  }

  #place(): Whereabouts {
    const place = this.#deps.locator.locate(this.#deps.name)
    if (typeof place !== 'object' || place.node !== this.#redirect?.from) return place
    return { node: this.#redirect.to }
  }

  /** Not before what went elsewhere has come back. */
  #mayGoTo(node: string): boolean {
    return this.#outstanding === 0 || node === this.#node
  }

  /** What waits is watched; a lane with nothing to do is given back. */
  #rest(): void {
    for (const call of this.#waiting) if (!call.unwatch) this.#watch(call)
    if (this.#waiting.length > 0) {
      this.#forget ??= this.#deps.locator.onMoved(this.#deps.name, () => {
        this.#pump()
      })
      return
    }
    this.#forget?.()
    this.#forget = undefined
    if (this.#outstanding === 0) this.#deps.idle()
  }

  #dispatch(node: string, call: LanedCall): void {
    call.unwatch?.()
    call.unwatch = undefined
    this.#node = node
    this.#outstanding += 1
    const settle = (take: () => void): void => {
      this.#outstanding -= 1
      take()
      this.#pump()
    }
    this.#deps.send(node, call).then(
      (reply) => {
        settle(() => {
          this.#take(node, call, reply)
        })
      },
      (thrown: unknown) => {
        settle(() => {
          call.reject(thrown)
        })
      },
    )
  }

  #take(...[node, call, reply]: [string, LanedCall, ServiceReply]): void {
    switch (reply.outcome) {
      case 'value':
        call.resolve(reply.value)
        return
      case 'refused':
        call.reject(new FoundationError(reply.code, reply.message, { details: { nodeName: node } }))
        return
      case 'moved':
        this.#redirect = { from: node, to: reply.to }
        this.#again(call, call.returns > 1)
        return
      case 'unknown':
        // The node may have lost the name a moment before this one hears of it.
        this.#redirect = undefined
        if (call.returns < denialsMax) this.#again(call, true)
        else call.reject(nameUnknown(this.#deps.name))
    }
  }

  /** Puts a call that did not run back in its place, behind those made before it. */
  #again(call: LanedCall, pauses: boolean): void {
    call.returns += 1
    const at = this.#waiting.findIndex(({ number }) => number > call.number)
    this.#waiting.splice(at === -1 ? this.#waiting.length : at, 0, call)
    if (!pauses || this.#pause) return
    const pauseMs = Math.min(pauseStepMs * 2 ** call.returns, pauseMaxMs)
    this.#pause = this.#deps.host.after(pauseMs, () => {
      this.#pause = undefined
      this.#pump()
    })
  }

  /** A call that waits here has not run, and will not once its caller has given up. */
  #watch(call: LanedCall): void {
    const { name, host } = this.#deps
    const give = (reason: unknown): void => {
      const at = this.#waiting.indexOf(call)
      if (at !== -1) this.#waiting.splice(at, 1)
      call.unwatch?.()
      call.reject(reason)
      this.#rest()
    }
    const timer = host.after(call.deadlineMs - host.nowMs(), () => {
      give(timedOut(name))
    })
    const onAbort = (): void => {
      give(call.signal?.reason)
    }
    call.signal?.addEventListener('abort', onAbort, { once: true })
    call.unwatch = () => {
      timer.cancel()
      call.signal?.removeEventListener('abort', onAbort)
    }
  }

  #rejectAll(reason: FoundationError): void {
    for (const call of this.#waiting.splice(0)) {
      call.unwatch?.()
      call.reject(reason)
    }
  }
}

function nameUnknown(name: string): FoundationError {
  const message = `No node serves "${name}"; registry.lookup() tells who does, watch() when somebody will`
  return new FoundationError('FND_NAME_UNKNOWN', message, { details: { name } })
}

function tooMany(name: string): FoundationError {
  const message = `Too many calls of "${name}" wait until it has moved; call less often`
  return new FoundationError('FND_LIMIT_REACHED', message, { details: { name } })
}

function timedOut(name: string): FoundationError {
  const message = `Call of "${name}" was not sent in time: it was moving; it did not run`
  return new FoundationError('FND_TIMED_OUT', message, { details: { name } })
}
