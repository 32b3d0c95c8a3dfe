/**
 * `exec`: peers from what a command prints. The way out for every source there is no strategy for.
 * A command that fails is unknown, not a list of nobody: the last list stays.
 */
import {
  FoundationError,
  flag,
  integer,
  integerCheck,
  optional,
  required,
  textCheck,
  toError,
  type Check,
  type Rules,
} from '../../kernel/index.ts'
import type {
  LookupResult,
  PollStrategy,
  StrategyContext,
  StrategyDefinition,
} from '../port/port.ts'
import { readHostList } from './host-list.ts'

/** Options of `exec`. */
export interface ExecOptions {
  /**
   * A program, or a list of the program and its arguments; with `shell`, a line. It prints what `file`
   * reads and ends with code 0.
   */
  readonly command: readonly string[] | string
  /** Runs the line by the system's shell. Never put words of strangers into it. */
  readonly shell: boolean
  /** Port of the hosts that name none, and where this node listens then; its own when left out. 1 to 65535. */
  readonly port: number | undefined
  /** What it may print; more is a failure. 1024 to 16 777 216. */
  readonly outputMaxBytes: number
}

const commandCheck: Check = (value) => {
  const words: readonly unknown[] = Array.isArray(value) ? value : [value]
  const isGood = words.length > 0 && words.every((word) => typeof word === 'string')
  return isGood && textCheck(words[0]) === undefined
    ? undefined
    : 'expected a program, or a list of a program and its arguments'
}

/** The rules of {@link ExecOptions}. */
export const execRules: Rules<ExecOptions> = {
  command: required(commandCheck),
  shell: flag(false),
  port: optional(integerCheck({ min: 1, max: 65_535 })),
  outputMaxBytes: integer(1_048_576, { min: 1_024, max: 16_777_216 }),
}

/** The `exec` strategy. */
export const execStrategy: StrategyDefinition<ExecOptions> = {
  name: 'exec',
  aliases: ['command'],
  rules: execRules,
  findsHostsOnly: ({ port }) => port !== undefined,
  create: (options) => new Exec(options),
}

class Exec implements PollStrategy {
  readonly kind = 'poll'
  readonly defaults = { pollIntervalMs: 5_000, lookupTimeoutMs: 10_000, prune: 'grace' } as const
  readonly #options: ExecOptions
  readonly #words: readonly [string, ...string[]]

  constructor(options: ExecOptions) {
    const { command, shell } = options
    const [program = '', ...args] = typeof command === 'string' ? [command] : command
    if (shell && args.length > 0) throw wrong('with shell: true it is one line, not a list')
    if (typeof command === 'string' && !shell && /\s/.test(command)) {
      throw wrong('write a list (["program", "argument"]), or shell: true for a line')
    }
    this.#options = options
    this.#words = [program, ...args]
  }

  async lookup(context: StrategyContext, signal: AbortSignal): Promise<LookupResult> {
    const { shell: isShell, outputMaxBytes, port } = this.#options
    const [command, ...args] = this.#words
    try {
      const run = { command, args, isShell, outputMaxBytes, signal }
      const printed = await context.ports.runCommand(run)
      return { peers: readHostList(printed, port), complete: true }
    } catch (thrown) {
      const cause = toError(thrown)
      const message = `The command ${command} gave no list: ${cause.message}`
      throw new FoundationError('FND_DISCOVERY_FAILED', message, { cause })
    }
  }
}

function wrong(problem: string): FoundationError {
  return new FoundationError('FND_OPTION_INVALID', `Option "command" of exec: ${problem}`)
}
