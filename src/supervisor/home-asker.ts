/** Asks whoever is home of a child, and the next one when that changes. */
import {
  FoundationError,
  isFoundationError,
  sleep,
  within,
  type Host,
  type WaitOptions,
} from '../kernel/index.ts'
import type { Commander } from './commander.ts'
import type { Answer, Ask } from './commands.ts'
import type { SupervisorOptions } from './options.ts'
import type { Views } from './views.ts'

/** What a {@link HomeAsker} talks to. */
export interface HomeAskerDeps {
  readonly host: Host
  readonly views: Pick<Views, 'homeOf' | 'homes' | 'look'>
  readonly commander: Pick<Commander, 'ask'>
  /** @throws {FoundationError} `FND_NOT_RUNNING`, `FND_NAME_IN_USE` */
  readonly assertIn: (what: string) => void
}

/** What a home is asked for on behalf of a user. */
export type HomeRequest = 'startChild' | 'stopChild' | 'moveChild'

/** The command, complete but for its deadline. */
export type HomeAsk<C extends HomeRequest> = WaitOptions & { ask: Omit<Ask<C>, 'withinMs'> }

/** Asked again, these may succeed: the member that was asked is gone, or was not the one to ask. */
const askAgainCodes: ReadonlySet<string> = new Set([
  'FND_VIEW_DIFFERS',
  'FND_NODE_DOWN',
  'FND_NODE_UNKNOWN',
  'FND_NOT_RUNNING',
  'FND_HANDLER_UNKNOWN',
])
const askAgainAfterMs = 50
/** An answer may take this much longer than the work it tells of. */
const answerSlackMs = 500

/** One a node. */
export class HomeAsker {
  readonly #deps: HomeAskerDeps
  readonly #options: Pick<SupervisorOptions, 'requestTimeoutMs'>

  constructor(deps: HomeAskerDeps, options: Pick<SupervisorOptions, 'requestTimeoutMs'>) {
    this.#deps = deps
    this.#options = options
  }

  /** @throws {FoundationError} (rejects) as the home refuses, `FND_TIMED_OUT`, `FND_NO_NODE`, `FND_NOT_RUNNING` */
  async ask<C extends HomeRequest>(
    id: string,
    name: C,
    { ask, signal, timeoutMs = this.#options.requestTimeoutMs }: HomeAsk<C>,
  ): Promise<Answer<C>> {
    const { host, assertIn } = this.#deps
    const deadlineMs = host.nowMs() + timeoutMs
    for (;;) {
      assertIn(`${name}() of "${id}"`)
      signal?.throwIfAborted()
      const withinMs = Math.max(1, Math.ceil(deadlineMs - host.nowMs()))
      try {
        const order = { ...ask, withinMs } as Ask<C>
        return await this.#askOnce({ id, name, ask: order }, { timeoutMs: withinMs, signal })
      } catch (thrown) {
        if (!mayAskAgain(thrown) || host.nowMs() + askAgainAfterMs >= deadlineMs) throw thrown
      }
      await sleep(host, askAgainAfterMs, signal)
    }
  }

  #askOnce<C extends HomeRequest>(
    { id, name, ask }: { readonly id: string; readonly name: C; readonly ask: Ask<C> },
    { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal | undefined },
  ): Promise<Answer<C>> {
    const { host, commander } = this.#deps
    const home = this.#homeOf(id)
    const answer = commander.ask(home, { name, ask }, { timeoutMs: timeoutMs + answerSlackMs })
    const what = `${name} at node "${home}"`
    return within(host, answer, { what, timeoutMs, ...(signal && { signal }) })
  }

  #homeOf(id: string): string {
    const { views } = this.#deps
    // A refusal of this node's name may be over since the last look.
    if (views.homes.length === 0) views.look()
    const home = views.homeOf(id)
    if (home !== undefined) return home
    const message = `No member of the cluster can be home of child "${id}": there are observers only`
    throw new FoundationError('FND_NO_NODE', message)
  }
}

function mayAskAgain(thrown: unknown): boolean {
  return isFoundationError(thrown) && askAgainCodes.has(thrown.code)
}
