/** Checks rpc: each call settles once, by its deadline, with the right answer, and ran at most once. */
import { sleep } from '../../src/kernel/index.ts'
import type { SimNode } from './sim-node.ts'
import type { World } from './world.ts'

/** Late by this much is still in time: the step of the simulation. */
const slackMs = 60

interface OpenCall {
  readonly id: number
  readonly life: SimNode
  readonly target: string
  deadlineMs: number
  settled: number
}

/** One a world. */
export class Calls {
  /** Calls that gave a value, and calls that failed. */
  readonly outcomes = { value: 0, error: 0 }
  readonly #world: World
  readonly #open = new Map<number, OpenCall>()
  readonly #ran = new Set<number>()
  #lastId = 0

  constructor(world: World) {
    this.#world = world
  }

  /** Exports the handler that all calls of the simulation go to. */
  serve(life: SimNode): void {
    life.parts.rpc.handle<{ id: number; workMs: number }>('work', async ({ id, workMs }) => {
      if (this.#ran.has(id)) this.#world.records.violation(`call ${String(id)} ran twice`)
      this.#ran.add(id)
      if (workMs > 0) await sleep(life.host, workMs)
      return { id, by: life.incarnation }
    })
  }

  /** Calls, and watches the call. */
  call(
    life: SimNode,
    target: string,
    order: { timeoutMs: number; workMs: number },
  ): Promise<boolean> {
    this.#lastId += 1
    const { timeoutMs, workMs } = order
    const id = this.#lastId
    const call: OpenCall = {
      id,
      life,
      target,
      deadlineMs: this.#world.nowMs + timeoutMs + slackMs,
      settled: 0,
    }
    this.#open.set(id, call)
    return life.parts.rpc.call<{ id: number }>(target, 'work', { id, workMs }, { timeoutMs }).then(
      (value) => {
        this.#settle(call, 'value')
        if (value.id !== id)
          this.#world.records.violation(`call ${String(id)} got the answer of ${String(value.id)}`)
        return true
      },
      () => {
        this.#settle(call, 'error')
        return false
      },
    )
  }

  /** The link to the target ended, or it is down: calls that wait for it must reject at once. */
  gone(life: SimNode, target: string): void {
    for (const call of this.#open.values()) {
      if (call.life === life && call.target === target) {
        call.deadlineMs = Math.min(call.deadlineMs, this.#world.nowMs + slackMs)
      }
    }
  }

  /** Calls whose deadline has passed must have settled, unless their caller is dead or blocked. */
  check(): void {
    for (const [id, call] of this.#open) {
      if (call.settled > 0 || call.life.state === 'ended') this.#open.delete(id)
      else if (this.#world.clock.isPaused(call.life.name)) {
        call.deadlineMs = Math.max(call.deadlineMs, this.#world.nowMs + slackMs)
      } else if (this.#world.nowMs > call.deadlineMs) {
        this.#open.delete(id)
        this.#world.records.violation(
          `call ${String(id)} of ${call.life.name} to ${call.target} is late`,
        )
      }
    }
  }

  #settle(call: OpenCall, how: 'value' | 'error'): void {
    call.settled += 1
    this.outcomes[how] += 1
    if (call.settled > 1) this.#world.records.violation(`call ${String(call.id)} settled twice`)
    this.#world.clock.note(call.life.name, `call ${String(call.id)} ${how}`)
  }
}
