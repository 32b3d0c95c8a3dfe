/** One service of this node: its callable methods behind its mailbox. */
import { callableMethods, concurrencyOf, type ServiceMethod } from './callable.ts'
import { Mailbox, type Work } from './mailbox.ts'
import type { ServiceCall, ServiceReply } from './replies.ts'

/** Answers one call; settled exactly once. A service's own error rejects, as it was thrown. */
export interface Answer {
  readonly resolve: (reply: ServiceReply) => void
  readonly reject: (thrown: unknown) => void
}

/** A call that reached this node. */
export interface ArrivedCall extends ServiceCall {
  readonly answer: Answer
  /** True when nobody waits for it any more: a call that did not begin by then never runs. */
  readonly isAbandoned: () => boolean
}

/** Made once for a service; the methods it has then are the ones it exports. */
export class HostedService {
  readonly #service: object
  readonly #methods: ReadonlyMap<string, ServiceMethod>
  readonly #mailbox: Mailbox
  /** Has the calls that will not run here. */
  #evicted: (call: ArrivedCall) => void = (call) => {
    call.answer.resolve({ outcome: 'unknown' })
  }

  /** @throws {FoundationError} `FND_OPTION_INVALID`: no object, or `static concurrency` is no count. */
  constructor(service: object, waitingMax: number) {
    this.#methods = callableMethods(service)
    this.#service = service
    this.#mailbox = new Mailbox({ concurrency: concurrencyOf(service), waitingMax })
  }

  /** Calls that wait or run. */
  get size(): number {
    return this.#mailbox.size
  }

  /** Takes a call into the mailbox, or refuses it. */
  take(call: ArrivedCall): void {
    const method = this.#methods.get(call.method)
    if (!method) call.answer.resolve(methodUnknown(call, [...this.#methods.keys()]))
    else if (!this.#mailbox.add(this.#workOf(method, call))) call.answer.resolve(full(call))
  }

  /** Calls that wait will not run here, and are given to `evicted`; those that run go on. */
  close(evicted: (call: ArrivedCall) => void): void {
    this.#evicted = evicted
    this.#mailbox.close()
  }

  /** Resolves when no call waits or runs. */
  drained(): Promise<void> {
    return this.#mailbox.drained()
  }

  #workOf(method: ServiceMethod, call: ArrivedCall): Work {
    return {
      run: () => this.#run(method, call),
      drop: () => {
        this.#evicted(call)
      },
    }
  }

  async #run(method: ServiceMethod, { args, answer, isAbandoned }: ArrivedCall): Promise<void> {
    if (isAbandoned()) return
    try {
      const value = await Reflect.apply(method, this.#service, args)
      answer.resolve({ outcome: 'value', value })
    } catch (thrown) {
      answer.reject(thrown)
    }
  }
}

function methodUnknown({ name, method }: ServiceCall, known: readonly string[]): ServiceReply {
  const callable =
    known.length > 0
      ? `callable: ${known.slice(0, 20).join(', ')}`
      : 'its own class has none, and inherited ones count only when overridden'
  const message = `Service "${name}" has no callable method "${method}"; ${callable}`
  return { outcome: 'refused', code: 'FND_METHOD_UNKNOWN', message }
}

function full({ name }: ServiceCall): ServiceReply {
  const message =
    `Service "${name}" has too many calls waiting; call less often, or raise ` +
    '"static concurrency" of its class or registry.mailboxMax'
  return { outcome: 'refused', code: 'FND_LIMIT_REACHED', message }
}
