/** What every command of `foundation` is. */

/** Where a command writes and what it may read. */
export interface CommandContext {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Writes one line to standard output. */
  readonly print: (line: string) => void
  /** True when standard output is a terminal that shows colours. */
  readonly hasColour: boolean
}

/** One command: its words for `--help`, and its work. Resolves to the exit code. */
export interface Command {
  readonly summary: string
  readonly usage: string
  run(context: CommandContext): Promise<number>
}
