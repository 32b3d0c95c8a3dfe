/**
 * Probes: asks a peer whether it hears us, asks other members to probe one for us, and answers both.
 * Every question has a deadline; questions open at the same time are bounded.
 */
import { deferred, type Host } from '../kernel/index.ts'
import type { Inbound, Router } from '../transport/index.ts'
import {
  probeAckMessage,
  probeMessage,
  probeReportMessage,
  probeRequestMessage,
} from './messages.ts'

/** What a prober talks to. */
export interface ProberDeps {
  readonly router: Router
  readonly host: Host
  /** The incarnation of the peer a link is up to. */
  readonly linkedIncarnation: (name: string) => string | undefined
  /** A helper reaches the member. */
  readonly reached: (target: string) => void
}

interface Request {
  readonly target: string
  readonly helper: string
  readonly deadlineMs: number
}

// Far above what a cluster of a thousand nodes asks in one deadline; beyond it: "not reached".
const openMax = 1_024

/** One a node. */
export class Prober {
  readonly #deps: ProberDeps
  readonly #timeoutMs: number
  readonly #probes = new Map<
    number,
    { readonly peer: string; readonly settle: (ok: boolean) => void }
  >()
  readonly #requests = new Map<number, Request>()
  #lastId = 0

  constructor(deps: ProberDeps, options: { readonly probeTimeoutMs: number }) {
    this.#deps = deps
    this.#timeoutMs = options.probeTimeoutMs
    deps.router.handle(probeMessage.code, (body, inbound) => {
      this.#send(inbound.from, probeAckMessage.encode(probeMessage.decode(body)))
    })
    deps.router.handle(probeAckMessage.code, (body, inbound) => {
      const probe = this.#probes.get(probeAckMessage.decode(body).id)
      if (probe?.peer === inbound.from) probe.settle(true)
    })
    deps.router.handle(probeRequestMessage.code, this.#help)
    deps.router.handle(probeReportMessage.code, this.#report)
  }

  /** Whether the peer answers over its present link within the deadline. Never rejects. */
  probe(peer: string, timeoutMs: number = this.#timeoutMs): Promise<boolean> {
    if (this.#probes.size >= openMax) return Promise.resolve(false)
    const id = this.#nextId()
    const answer = deferred<boolean>()
    const settle = (isReached: boolean): void => {
      timer.cancel()
      this.#probes.delete(id)
      answer.resolve(isReached)
    }
    const timer = this.#deps.host.after(timeoutMs, () => {
      settle(false)
    })
    this.#probes.set(id, { peer, settle })
    if (!this.#send(peer, probeMessage.encode({ id }))) settle(false)
    return answer.promise
  }

  /** Asks the helpers to probe that incarnation; those who reach it are told of by `reached`. */
  ask(target: string, incarnation: string, helpers: readonly string[]): void {
    const nowMs = this.#deps.host.nowMs()
    for (const [id, request] of this.#requests) {
      if (request.deadlineMs < nowMs) this.#requests.delete(id)
    }
    for (const helper of helpers) {
      if (this.#requests.size >= openMax) return
      const id = this.#nextId()
      // The helper needs the deadline for itself; its report needs the way to us.
      this.#requests.set(id, { target, helper, deadlineMs: nowMs + 2 * this.#timeoutMs })
      this.#send(helper, probeRequestMessage.encode({ id, target, incarnation }))
    }
  }

  /** Ends every open question as not answered. */
  stop(): void {
    for (const { settle } of [...this.#probes.values()]) settle(false)
    this.#requests.clear()
  }

  readonly #help = (body: Uint8Array, inbound: Inbound): void => {
    const { id, target, incarnation } = probeRequestMessage.decode(body)
    const answer = (isReached: boolean): void => {
      this.#send(inbound.from, probeReportMessage.encode({ id, reached: isReached }))
    }
    if (this.#deps.linkedIncarnation(target) !== incarnation) answer(false)
    else void this.probe(target).then(answer)
  }

  readonly #report = (body: Uint8Array, inbound: Inbound): void => {
    const { id, reached } = probeReportMessage.decode(body)
    const request = this.#requests.get(id)
    if (request?.helper !== inbound.from) return
    this.#requests.delete(id)
    if (reached && request.deadlineMs >= this.#deps.host.nowMs()) this.#deps.reached(request.target)
  }

  #nextId(): number {
    this.#lastId += 1
    return this.#lastId
  }

  #send(peer: string, payload: Uint8Array): boolean {
    return this.#deps.router.send(peer, 'control', payload) === 'accepted'
  }
}
