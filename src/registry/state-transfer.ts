/** Hands what the loser of a conflict saved to the winner's `mergeState`. */
import { FoundationError, type Host, type Log } from '../kernel/index.ts'
import type { Rpc, RpcContext } from '../rpc/index.ts'
import { integer, object, string, unknownValue } from '../wire/index.ts'
import { nameMaxBytes } from './names/messages.ts'
import { sinceOf } from './names/epoch-clock.ts'
import type { Entry } from './names/record.ts'
import type { OwnName } from './names/registration.ts'

/** What it talks to. */
export interface StateTransferDeps {
  readonly rpc: Pick<Rpc, 'call' | 'handle'>
  readonly host: Pick<Host, 'nowMs'>
  readonly log: Log
}

/** States sent at once: after a long split thousands of names may be lost in one moment. */
const underWayMax = 256

const handlerName = 'foundation.registry.merge'

const stateShape = object({
  name: string(nameMaxBytes),
  epoch: integer(0),
  loserEpoch: integer(0),
  state: unknownValue(),
})

/** One a node. */
export class StateTransfer {
  readonly #deps: StateTransferDeps
  readonly #names: {
    readonly timeoutMs: number
    readonly ownOf: (name: string) => OwnName | undefined
  }
  /** Those that wait for one under way to end; at most one a name. */
  readonly #waiting: (() => void)[] = []
  #underWay = 0
  #unhandle: (() => void) | undefined

  constructor(
    deps: StateTransferDeps,
    names: { timeoutMs: number; ownOf: (name: string) => OwnName | undefined },
  ) {
    this.#deps = deps
    this.#names = names
  }

  start(): void {
    this.#unhandle ??= this.#deps.rpc.handle(handlerName, (body, context) =>
      this.#merge(body, context),
    )
  }

  stop(): void {
    this.#unhandle?.()
    this.#unhandle = undefined
  }

  /**
   * Sends a state to the winner; resolves when it was merged.
   *
   * @throws {FoundationError} `FND_TIMED_OUT`, and what the call fails with
   */
  async send(
    winner: Entry,
    lost: { readonly epoch: number; readonly state: unknown },
  ): Promise<void> {
    const { name, epoch, node } = winner
    const body = { name, epoch, loserEpoch: lost.epoch, state: lost.state }
    const deadlineMs = this.#deps.host.nowMs() + this.#names.timeoutMs
    await this.#turn()
    try {
      const timeoutMs = deadlineMs - this.#deps.host.nowMs()
      if (timeoutMs <= 0) throw new FoundationError('FND_TIMED_OUT', `State of "${name}": too late`)
      await this.#deps.rpc.call(node, handlerName, body, { timeoutMs })
    } finally {
      this.#underWay -= 1
      this.#waiting.shift()?.()
    }
  }

  async #turn(): Promise<void> {
    if (this.#underWay >= underWayMax) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
      })
    }
    this.#underWay += 1
  }

  async #merge(body: unknown, { from }: RpcContext): Promise<void> {
    const { name, epoch, loserEpoch, state } = stateShape.check(body, 'state')
    const own = this.#names.ownOf(name)
    if (own?.epoch !== epoch) {
      throw new FoundationError('FND_NAME_UNKNOWN', `"${name}" is not here any more`)
    }
    const merge = own.options.mergeState ?? mergeOf(own.service)
    if (!merge) {
      this.#deps.log.warn({ name, from }, 'state of a lost name dropped: there is no mergeState')
      return
    }
    await merge(state, {
      ...{ name, node: from, meta: undefined },
      ...{ epoch: loserEpoch, since: sinceOf(loserEpoch) },
    })
  }
}

function mergeOf(service: object | undefined): ((state: unknown) => unknown) | undefined {
  const { mergeState } = (service ?? {}) as { mergeState?: unknown }
  if (typeof mergeState !== 'function') return undefined
  return (state) => Reflect.apply(mergeState as (state: unknown) => unknown, service, [state])
}
