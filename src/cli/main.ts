#!/usr/bin/env node
/** The `foundation` command: finds the command, runs it, turns failures into one clear line. */
import process from 'node:process'
import { isFoundationError, toError } from '../kernel/index.ts'
import type { Command } from './command.ts'
import { demoCommand } from './demo/demo.ts'
import { secretCommand } from './secret.ts'

const commands = new Map<string, Command>([
  ['demo', demoCommand],
  ['secret', secretCommand],
])

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

function printHelp(): void {
  print('Usage: foundation <command> [options]\n')
  for (const [name, { summary }] of commands) print(`  ${name.padEnd(10)}${summary}`)
  print('\nEvery command has --help.')
}

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    printHelp()
    return 0
  }
  const command = commands.get(name)
  if (!command) {
    process.stderr.write(`foundation: no command "${name}"; foundation --help lists them\n`)
    return 2
  }
  if (args.includes('--help') || args.includes('-h')) {
    print(`${command.summary}\n\nUsage: ${command.usage}`)
    return 0
  }
  const hasColour = process.stdout.isTTY && process.env['NO_COLOR'] === undefined
  return command.run({ args, env: process.env, print, hasColour })
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code
  },
  (thrown: unknown) => {
    const code = isFoundationError(thrown) ? ` ${thrown.code}` : ''
    process.stderr.write(`foundation:${code} ${toError(thrown).message}\n`)
    process.exitCode = 1
  },
)
