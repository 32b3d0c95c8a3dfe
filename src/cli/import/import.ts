/** `foundation import`: a configuration of libcluster as topologies of Foundation. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { FoundationError, toError } from '../../kernel/index.ts'
import { parseCommand, type Command } from '../core/command.ts'
import { convertTopologies } from './convert.ts'
import { findTopologies } from './find-topologies.ts'
import { snippetOf } from './snippet.ts'

/** See `foundation import --help`. */
export const importCommand: Command = {
  summary: 'print the topologies a libcluster configuration becomes',
  usage: `foundation import <config.exs> [--json]

  Reads \`config :libcluster, topologies: [...]\` or \`topologies = [...]\` in Elixir source and prints
  the equal topologies as TypeScript; what could not be carried over is named with its line.
  --json   the topologies and the notes as JSON; a value of the environment is { "env": "NAME" }`,
  async run({ args, print, workingFolder }) {
    const { values, positionals } = parseCommand(args, { options: {}, most: 1 })
    const [file] = positionals
    if (file === undefined) {
      throw new FoundationError('FND_OPTION_INVALID', 'expected: foundation import <config.exs>')
    }
    const imported = convertTopologies(
      findTopologies(await read(path.resolve(workingFolder, file))),
    )
    print(values.json ? JSON.stringify(imported, undefined, 2) : snippetOf(imported))
    return 0
  },
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const message = `Cannot read ${file}: ${toError(cause).message}`
    throw new FoundationError('FND_OPTION_INVALID', message, { cause })
  }
}
