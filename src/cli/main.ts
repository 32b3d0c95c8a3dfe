#!/usr/bin/env node
/** The `foundation` command: finds the command, runs it, turns failures into one clear line. */
import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { isFoundationError, toError } from '../kernel/index.ts'
import type { Command } from './core/command.ts'
import { packageFile } from './core/own-file.ts'
import { commands } from './commands.ts'

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

function printHelp(): void {
  print('Usage: foundation <command> [options]\n')
  for (const [name, { summary }] of commands) print(`  ${name.padEnd(10)}${summary}`)
  print('\nEvery command has --help.')
}

/** Of a command that passes arguments on, only the first one is its own. */
function asksForHelp({ passesOn = false }: Command, args: readonly string[]): boolean {
  const own = passesOn ? args.slice(0, 1) : args
  return own.includes('--help') || own.includes('-h')
}

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    printHelp()
    return 0
  }
  if (name === '--version') {
    const { version } = JSON.parse(await readFile(packageFile, 'utf8')) as { version: string }
    print(version)
    return 0
  }
  const command = commands.get(name)
  if (!command) {
    const unknown = new Error(`no command "${name}"; foundation --help lists them`)
    process.stderr.write(`${failureLine(unknown, args.includes('--json'))}\n`)
    return 2
  }
  if (asksForHelp(command, args)) {
    print(`${command.summary}\n\nUsage: ${command.usage}`)
    return 0
  }
  const hasColour = process.stdout.isTTY && process.env['NO_COLOR'] === undefined
  return command.run({ args, env: process.env, workingFolder: process.cwd(), print, hasColour })
}

/** With `--json` for programs: `{ "error": { "code", "message" } }`, on one line. */
function failureLine(thrown: unknown, isJson: boolean): string {
  const { message } = toError(thrown)
  const code = isFoundationError(thrown) ? thrown.code : undefined
  if (isJson) return JSON.stringify({ error: { code, message } })
  return `foundation:${code === undefined ? '' : ` ${code}`} ${message}`
}

// Whoever reads, e.g. `head`, has seen enough: nothing is wrong.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit()
  throw error
})

const given = process.argv.slice(2)
main(given).then(
  (code) => {
    process.exitCode = code
  },
  (thrown: unknown) => {
    process.stderr.write(`${failureLine(thrown, given.includes('--json'))}\n`)
    process.exitCode = 1
  },
)
