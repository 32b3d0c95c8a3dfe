/** What every command of `foundation` is, and how its arguments are read. */
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { FoundationError, nearest, toError } from '../../kernel/index.ts'

/** Where a command writes and what it may read. */
export interface CommandContext {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where settings are looked for, and what paths are relative to. */
  readonly workingFolder: string
  /** Writes one line to standard output. */
  readonly print: (line: string) => void
  /** True when standard output is a terminal that shows colours. */
  readonly hasColour: boolean
}

/** One command: its words for `--help`, and its work. Resolves to the exit code. */
export interface Command {
  readonly summary: string
  readonly usage: string
  /** True when what follows its first argument belongs to somebody else, `--help` included. */
  readonly passesOn?: boolean
  run(context: CommandContext): Promise<number>
}

type OptionsConfig = NonNullable<ParseArgsConfig['options']>

/** What {@link parseCommand} takes beside the arguments. */
export interface CommandShape<T extends OptionsConfig> {
  readonly options: T
  /** How many words without a dash there may be; 0 when left out. */
  readonly most?: number
}

type Parsed<T extends OptionsConfig> = ReturnType<
  typeof parseArgs<{
    args: string[]
    allowPositionals: true
    options: T & { json: { type: 'boolean'; default: false } }
  }>
>

/**
 * Reads a command's arguments; `--json` is known to all.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID`, in one line, with the nearest known option.
 */
export function parseCommand<T extends OptionsConfig>(
  args: readonly string[],
  { options, most = 0 }: CommandShape<T>,
): Parsed<T> {
  const known = { ...options, json: { type: 'boolean', default: false } } as const
  let parsed: Parsed<T>
  try {
    parsed = parseArgs({ args: [...args], options: known, allowPositionals: true })
  } catch (thrown) {
    throw refusal(args, Object.keys(known), toError(thrown))
  }
  const extra = parsed.positionals[most]
  if (extra === undefined) return parsed
  throw new FoundationError('FND_OPTION_INVALID', `"${extra}" is one word too many; see --help`)
}

function refusal(args: readonly string[], known: readonly string[], error: Error): FoundationError {
  const flags = args.filter((arg) => arg.startsWith('--')).map((arg) => arg.slice(2).split('=')[0])
  const unknown = flags.find((flag) => flag !== undefined && !known.includes(flag))
  const near = unknown === undefined ? undefined : nearest(unknown, known)
  if (unknown === undefined) {
    return new FoundationError('FND_OPTION_INVALID', error.message.split('. ')[0] ?? error.message)
  }
  const hint = near === undefined ? 'see --help' : `did you mean --${near}?`
  return new FoundationError('FND_OPTION_INVALID', `--${unknown} is not known; ${hint}`)
}
