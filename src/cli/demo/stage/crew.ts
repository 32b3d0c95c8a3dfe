/** The demo's processes as the director holds them: started, asked, waited for, killed. */
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import {
  deferred,
  FoundationError,
  within,
  type Deferred,
  type Host,
} from '../../../kernel/index.ts'
import { ownFile } from '../../core/own-file.ts'
import type { OrderName, Orders, WorkerMessage } from './orders.ts'

const workerFile = fileURLToPath(ownFile('cli/demo/worker/worker'))

/** Something a worker reported, with the time it was heard. */
export interface Heard {
  readonly atMs: number
  readonly message: WorkerMessage
}

interface Waiter {
  readonly matches: (message: WorkerMessage) => boolean
  readonly found: Deferred<Heard>
}

/** One process. */
export class Worker {
  readonly name: string
  readonly #host: Host
  readonly #child: ChildProcess
  readonly #waiters = new Set<Waiter>()
  readonly #exited = deferred<undefined>()
  #orders = 0

  constructor(
    name: string,
    deps: { host: Host; env: NodeJS.ProcessEnv; onMessage: (message: WorkerMessage) => void },
  ) {
    this.name = name
    this.#host = deps.host
    this.#child = fork(workerFile, {
      env: { ...deps.env, FOUNDATION_NAME: name },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#child.on('message', (message: WorkerMessage) => {
      deps.onMessage(message)
      this.#hear(message)
    })
    this.#child.on('exit', (code) => {
      this.#exited.resolve(undefined)
      const ended = new FoundationError(
        'FND_NODE_DOWN',
        `process ${name} ended (${String(code ?? 'killed')})`,
      )
      for (const waiter of this.#waiters) waiter.found.reject(ended)
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** The next message that matches; begin to wait before causing it. */
  hears(
    what: string,
    matches: (message: WorkerMessage) => boolean,
    timeoutMs: number,
  ): Promise<Heard> {
    const waiter: Waiter = { matches, found: deferred<Heard>() }
    this.#waiters.add(waiter)
    const waiting = within(this.#host, waiter.found.promise, {
      what: `${this.name}: ${what}`,
      timeoutMs,
    })
    return waiting.finally(() => this.#waiters.delete(waiter))
  }

  /** The next event of a kind about a member. */
  sees(event: string, member: string, timeoutMs: number): Promise<Heard> {
    const matches = (message: WorkerMessage): boolean =>
      message.type === 'event' && message.event === event && message.member === member
    return this.hears(`${event} of ${member}`, matches, timeoutMs)
  }

  /** Asks for a deed and waits for its answer. */
  async ask<N extends OrderName>(
    order: N,
    ask: Orders[N]['ask'],
    timeoutMs = 15_000,
  ): Promise<Orders[N]['answer']> {
    const id = (this.#orders += 1)
    const answered = this.hears(order, (message) => 'id' in message && message.id === id, timeoutMs)
    this.#child.send({ id, order, ask })
    const { message } = await answered
    if (message.type === 'answer') return message.answer as Orders[N]['answer']
    const reason = message.type === 'failed' ? message.message : message.type
    throw new FoundationError('FND_REMOTE_FAILED', `${this.name} could not ${order}: ${reason}`)
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited.promise
  }

  #hear(message: WorkerMessage): void {
    for (const waiter of this.#waiters) {
      if (waiter.matches(message)) waiter.found.resolve({ atMs: this.#host.nowMs(), message })
    }
  }
}
