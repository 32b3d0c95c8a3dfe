/** Asks other nodes, and this one alike, to do something about a child. */
import {
  errorCodes,
  FoundationError,
  RemoteError,
  type ErrorCode,
  type WaitOptions,
} from '../kernel/index.ts'
import type { Rpc, RpcContext } from '../rpc/index.ts'
import type { Shape } from '../wire/index.ts'
import {
  commandHandlerName,
  commandShapes,
  type Answer,
  type Ask,
  type CommandName,
} from './commands.ts'

/** What a node does about each command. */
export type CommandHandlers = {
  readonly [C in CommandName]: (ask: Ask<C>, from: string) => Promise<Answer<C>> | Answer<C>
}

/** Sends commands. What another node refused with a code of this package is refused here with it. */
export class Commander {
  readonly #rpc: Pick<Rpc, 'call'>

  constructor(rpc: Pick<Rpc, 'call'>) {
    this.#rpc = rpc
  }

  /**
   * @throws {FoundationError} as the other node threw, or as {@link Rpc.call}. Errors of a user's
   *   class arrive as {@link RemoteError}.
   */
  async ask<C extends CommandName>(
    node: string,
    command: { readonly name: C; readonly ask: Ask<C> },
    options: WaitOptions = {},
  ): Promise<Answer<C>> {
    const { name, ask } = command
    try {
      const answer = await this.#rpc.call(node, commandHandlerName(name), ask, options)
      return commandShapes[name].answer.check(answer, 'answer')
    } catch (thrown) {
      throw asOwn(thrown)
    }
  }
}

/** Registers the handlers of every command; returns the way to take them back. */
export function serveCommands(rpc: Pick<Rpc, 'handle'>, handlers: CommandHandlers): () => void {
  const names = Object.keys(commandShapes) as CommandName[]
  const unhandle = names.map((name) => {
    const shape: Shape<unknown> = commandShapes[name].ask
    const handler = handlers[name] as (ask: unknown, from: string) => unknown
    return rpc.handle(commandHandlerName(name), (args: unknown, { from }: RpcContext) =>
      handler(shape.check(args, 'ask'), from),
    )
  })
  return () => {
    for (const each of unhandle) each()
  }
}

function asOwn(thrown: unknown): unknown {
  if (!(thrown instanceof RemoteError)) return thrown
  const { remoteCode: code, message, nodeName } = thrown
  if (code === undefined || !Object.hasOwn(errorCodes, code)) return thrown
  return new FoundationError(code as ErrorCode, message, { details: { nodeName }, cause: thrown })
}
