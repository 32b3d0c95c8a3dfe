/** Runs one command without a shell and takes what it prints, within a bound. */
import { execFile } from 'node:child_process'
import { toError } from '../../kernel/index.ts'
import type { CommandRun } from '../port/ports.ts'

/** @throws (rejects) when it cannot be started, ends with another code than 0, or prints too much. */
export function runCommand(run: CommandRun): Promise<string> {
  const { command, args, outputMaxBytes: maxBuffer, signal } = run
  return new Promise((resolve, reject) => {
    const options = { maxBuffer, signal, encoding: 'utf8', windowsHide: true } as const
    execFile(command, [...args], options, (error, stdout) => {
      if (error) reject(toError(error))
      else resolve(stdout)
    })
  })
}
