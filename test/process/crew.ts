/**
 * Real processes for a test: started in a folder of their own, confined to loopback, asked over
 * IPC, waited for with deadlines, and killed at the end whatever happened.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import {
  deferred,
  FoundationError,
  sleep,
  systemHost,
  within,
  type Deferred,
  type ErrorCode,
} from '../../src/kernel/index.ts'
import type { StartOptions } from '../../src/setup/index.ts'
import { processGround } from '../ground/processes.ts'
import type { OrderName, Orders, WorkerEvent, WorkerMessage } from './orders.ts'

/** A process on a machine that is busy with ten others may take this long to start and be known. */
const startMaxMs = 60_000

const workerFile = fileURLToPath(new URL('./worker.ts', import.meta.url))

/** An event of a worker, with the time it was heard. */
export interface Heard {
  readonly atMs: number
  readonly event: WorkerEvent
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly atMs: number
}

/** How a process is started. */
export interface ForkOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Starts the process inside this network namespace. */
  readonly namespace?: string
}

interface Waiter {
  readonly matches: (event: WorkerEvent) => boolean
  readonly found: Deferred<Heard>
}

/** One process. Its node does not exist before `start`. */
export class Worker {
  readonly name: string
  readonly exited: Promise<Exit>
  /** Every event so far, oldest first. */
  readonly events: Heard[] = []
  readonly #child: ChildProcess
  readonly #ready: Deferred<undefined> = deferred()
  readonly #waiters = new Set<Waiter>()
  readonly #answers = new Map<number, Deferred<unknown>>()
  readonly #stderr: Buffer[] = []
  #orders = 0

  constructor(name: string, env: NodeJS.ProcessEnv, { namespace }: ForkOptions) {
    this.name = name
    const inside = namespace === undefined ? [] : ['netns', 'exec', namespace, process.execPath]
    this.#child = fork(workerFile, {
      env,
      ...(namespace === undefined ? {} : { execPath: 'ip' }),
      execArgv: [...inside, '--expose-gc'],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    })
    this.#ready.promise.catch(() => undefined)
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#stderr.push(chunk))
    this.#child.on('message', (message: WorkerMessage) => {
      this.#hear(message)
    })
    this.exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        this.#ended(`${String(code)} ${String(signal)}`)
        resolve({ code, signal, atMs: systemHost.nowMs() })
      })
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** What the process wrote to standard error: its log. */
  get log(): string {
    return Buffer.concat(this.#stderr).toString()
  }

  /** Asks for a deed and waits for its answer. */
  async ask<N extends OrderName>(
    order: N,
    ask: Orders[N]['ask'],
    timeoutMs: number = startMaxMs,
  ): Promise<Orders[N]['answer']> {
    await within(systemHost, this.#ready.promise, { what: `${this.name}: ready`, timeoutMs })
    const id = (this.#orders += 1)
    const answered = deferred<unknown>()
    this.#answers.set(id, answered)
    this.#child.send({ id, order, ask })
    const what = `${this.name}: ${order}`
    return (await within(systemHost, answered.promise, { what, timeoutMs })) as Orders[N]['answer']
  }

  /** The next event of a type (about a member, when named); begin to wait before causing it. */
  sees(type: string, member: string | undefined, timeoutMs: number): Promise<Heard> {
    const waiter: Waiter = {
      matches: (event) => event.type === type && (member === undefined || event.member === member),
      found: deferred<Heard>(),
    }
    this.#waiters.add(waiter)
    const what = `${this.name} sees ${type} of ${member ?? 'anybody'}`
    return within(systemHost, waiter.found.promise, { what, timeoutMs }).finally(() =>
      this.#waiters.delete(waiter),
    )
  }

  /** Where its node can be dialled. */
  async address(): Promise<string> {
    return (await this.ask('status', {})).addresses[0] ?? ''
  }

  /** The types of all events about a member, oldest first. */
  storyOf(member: string): string[] {
    return this.events
      .filter(({ event }) => event.member === member && event.type !== 'link-down')
      .map(({ event }) => event.type)
  }

  /** The status of the node's members other than itself, by name. */
  async view(): Promise<Readonly<Record<string, string>>> {
    const { members } = await this.ask('status', {})
    const others = members.filter(({ isSelf }) => !isSelf)
    return Object.fromEntries(others.map(({ name, status }) => [name, status]))
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.exited
  }

  #hear(message: WorkerMessage): void {
    if (message.type === 'ready') this.#ready.resolve(undefined)
    else if (message.type === 'event') this.#news(message.event)
    else {
      const answer = this.#answers.get(message.id)
      this.#answers.delete(message.id)
      if (message.type === 'answer') answer?.resolve(message.answer)
      else {
        const { code, message: text } = message.failure
        answer?.reject(new FoundationError(code as ErrorCode, `${this.name}: ${text}`))
      }
    }
  }

  #news(event: WorkerEvent): void {
    const heard = { atMs: systemHost.nowMs(), event }
    this.events.push(heard)
    for (const waiter of this.#waiters) if (waiter.matches(event)) waiter.found.resolve(heard)
  }

  #ended(how: string): void {
    const error = new Error(`process ${this.name} ended (${how}): ${this.log.slice(-2_000)}`)
    this.#ready.reject(error)
    for (const { found } of this.#waiters) found.reject(error)
    for (const answer of this.#answers.values()) answer.reject(error)
  }
}

let crews = 0

/** The processes of one test: one cluster name, one folder for the secret and the registry. */
export class Crew {
  readonly app: string
  readonly folder: string
  readonly #workers: Worker[] = []

  readonly #ground: Readonly<Record<string, string>>

  constructor(folder: string, ground: Readonly<Record<string, string>>) {
    crews += 1
    this.app = `test-${String(process.pid)}-${String(crews)}`
    this.folder = folder
    this.#ground = ground
  }

  /** A process without a node yet. */
  fork(name: string, options: ForkOptions = {}): Worker {
    const worker = new Worker(name, { ...this.#environment(), ...options.env }, options)
    this.#workers.push(worker)
    return worker
  }

  /** A process with a node, by `cluster: true` unless told otherwise. */
  async hire(name: string, options: StartOptions = {}, how: ForkOptions = {}): Promise<Worker> {
    const worker = this.fork(name, how)
    await worker.ask('start', { name, cluster: true, ...options })
    return worker
  }

  /** Processes with those names that all know each other. */
  async form(names: readonly string[], options: StartOptions = {}): Promise<Worker[]> {
    const workers = await Promise.all(names.map((name) => this.hire(name, options)))
    await allKnowEachOther(workers)
    return workers
  }

  /** Kills every process and removes the folder. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.kill()))
    await rm(this.folder, { recursive: true, force: true })
  }

  #environment(): NodeJS.ProcessEnv {
    const inherited = Object.entries(process.env).filter(
      ([key]) => !key.startsWith('FOUNDATION_') && !key.startsWith('NODE_'),
    )
    return {
      ...Object.fromEntries(inherited),
      XDG_CONFIG_HOME: this.folder,
      XDG_RUNTIME_DIR: this.folder,
      FOUNDATION_INTERFACES: 'lo',
      FOUNDATION_APP: this.app,
      ...this.#ground,
    }
  }
}

/** A crew in a temporary folder; its owner must close it. */
export async function openCrew(): Promise<Crew> {
  const ground = await processGround.environment()
  return new Crew(await mkdtemp(path.join(tmpdir(), 'foundation-process-')), ground)
}

/** Runs a test with processes of its own. */
export async function withCrew(run: (crew: Crew) => Promise<void>): Promise<void> {
  const crew = await openCrew()
  try {
    await run(crew)
  } finally {
    await crew.close()
  }
}

/** Waits until every one of the workers has all others alive. */
export async function allKnowEachOther(
  workers: readonly Worker[],
  timeoutMs: number = startMaxMs,
): Promise<void> {
  const names = workers.map(({ name }) => name)
  for (const worker of workers) {
    await eventually(`${worker.name} has ${names.join(', ')} alive`, timeoutMs, async () => {
      const view = await worker.view()
      return names.every((name) => name === worker.name || view[name] === 'alive')
    })
  }
}

/** Resolves when the condition holds; asks again after a short while. */
export async function eventually(
  what: string,
  timeoutMs: number,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadlineMs = systemHost.nowMs() + timeoutMs
  while (!(await condition())) {
    if (systemHost.nowMs() > deadlineMs) {
      throw new FoundationError(
        'FND_TIMED_OUT',
        `Waited ${String(timeoutMs)} ms in vain for: ${what}`,
      )
    }
    await sleep(systemHost, 20)
  }
}

/**
 * How long a worker may take to give up a silent member: the deadline of the default preset,
 * stretched by its own health, a tick, and some slack. A process that was itself held up must wait.
 */
export async function verdictMaxMs(worker: Worker): Promise<number> {
  const { membership } = await worker.ask('status', {})
  const { multiplier, lastDelayMs } = membership.localHealth
  return 4_000 * multiplier + lastDelayMs + 250 + 1_500
}

/** The middle of numbers. */
export function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
}
