/** `foundation run`: a script with a node from its settings, as `node --import foundation-ts/auto`. */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import process from 'node:process'
import { constants } from 'node:os'
import { FoundationError } from '../kernel/index.ts'
import type { Command } from './core/command.ts'
import { ownFile } from './core/own-file.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** See `foundation run --help`. */
export const runCommand: Command = {
  summary: 'run a script with a node from its settings',
  usage: `foundation run <script> [arguments ...]

  The same as: node --import foundation-ts/auto <script> [arguments ...]
  In the script, \`await getNode()\` of foundation-ts is the node. What follows the script is its own.
  --json   accepted for uniformity; the output is the script's`,
  passesOn: true,
  run({ args, env, workingFolder }) {
    const [script, ...others] = args[0] === '--json' ? args.slice(1) : args
    if (script === undefined || script.startsWith('-')) {
      throw new FoundationError(
        'FND_OPTION_INVALID',
        'expected: foundation run <script> [arguments]',
      )
    }
    assertFound(script, workingFolder)
    const child = spawn(process.execPath, ['--import', ownFile('auto').href, script, ...others], {
      stdio: 'inherit',
      env,
      cwd: workingFolder,
    })
    const pass = (signal: NodeJS.Signals): void => {
      child.kill(signal)
    }
    for (const signal of signals) process.on(signal, pass)
    return new Promise((ended, failed) => {
      child.once('error', failed)
      child.once('exit', (code, signal) => {
        for (const name of signals) process.off(name, pass)
        ended(code ?? 128 + (signal ? constants.signals[signal] : 0))
      })
    })
  },
}

/** Found as `node` finds it, with or without its extension. */
function assertFound(script: string, workingFolder: string): void {
  const path = resolve(workingFolder, script)
  try {
    createRequire(path).resolve(path)
  } catch (cause) {
    throw new FoundationError('FND_OPTION_INVALID', `There is no script ${path}`, { cause })
  }
}
