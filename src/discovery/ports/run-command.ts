/**
 * Runs one command and takes what it prints, within a bound. Whatever it started is ended with it:
 * on the systems that have them it gets a process group of its own.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { FoundationError } from '../../kernel/index.ts'
import type { CommandRun } from '../port/ports.ts'

const hasGroups = process.platform !== 'win32'
/** Of what it says on standard error, so much goes into the message. */
const complaintMaxChars = 200

/** @throws (rejects) when it cannot be started, ends with another code than 0, or prints too much. */
export function runCommand(run: CommandRun): Promise<string> {
  const { command, args, isShell: shell, signal } = run
  if (signal.aborted) return Promise.reject(signal.reason as Error)
  const child = spawn(command, [...args], {
    shell,
    detached: hasGroups,
    windowsHide: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return new Promise((resolve, reject) => {
    const output = new Output(run.outputMaxBytes)
    const fail = (error: Error): void => {
      end(child)
      reject(error)
    }
    const onAbort = (): void => {
      fail(signal.reason as Error)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    child.on('error', fail)
    child.stderr.on('data', (bytes: Buffer) => {
      output.complain(bytes)
    })
    child.stdout.on('data', (bytes: Buffer) => {
      if (!output.take(bytes)) fail(tooMuch(run))
    })
    child.on('close', (code, killedBy) => {
      signal.removeEventListener('abort', onAbort)
      if (code === 0) resolve(output.text)
      else reject(new Error(`${command} ended with ${String(code ?? killedBy)}${output.complaint}`))
    })
  })
}

class Output {
  readonly #chunks: Buffer[] = []
  readonly #maxBytes: number
  #size = 0
  #complaint = ''

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** False when it is too much. */
  take(bytes: Buffer): boolean {
    this.#size += bytes.length
    if (this.#size <= this.#maxBytes) this.#chunks.push(bytes)
    return this.#size <= this.#maxBytes
  }

  complain(bytes: Buffer): void {
    if (this.#complaint.length < complaintMaxChars) this.#complaint += bytes.toString('utf8')
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8')
  }

  get complaint(): string {
    const words = this.#complaint.trim().slice(0, complaintMaxChars)
    return words === '' ? '' : `: ${words}`
  }
}

function end(child: ChildProcess): void {
  child.stdout?.destroy()
  child.stderr?.destroy()
  if (child.pid === undefined) return
  try {
    process.kill(hasGroups ? -child.pid : child.pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

function tooMuch({ command, outputMaxBytes }: CommandRun): FoundationError {
  const limit = String(outputMaxBytes)
  return new FoundationError('FND_LIMIT_REACHED', `${command} printed more than ${limit} bytes`)
}
