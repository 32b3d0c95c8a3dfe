/** What all acts of the demo share: the processes, the screen, the figures. */
import { FoundationError, type Host } from '../../../kernel/index.ts'
import { Worker } from './crew.ts'
import { natsVariable, type WorkerMessage } from './orders.ts'
import type { Screen } from './screen.ts'

/** One row of the summary. */
export interface Figure {
  readonly what: string
  readonly value: number
  readonly unit: string
}

/** What a stage needs. */
export interface StageDeps {
  readonly host: Host
  readonly screen: Screen
  readonly env: NodeJS.ProcessEnv
}

/** The processes, by the names of their nodes. */
export const names = ['ada', 'bell', 'curie'] as const
/** The one that is killed. */
export const victim = 'curie'
/** How long anything of the demo may take before it has not happened. */
export const patienceMs = 10_000

/** One a run. */
export class Stage {
  readonly host: Host
  readonly screen: Screen
  readonly figures: Figure[] = []
  /** How each process begins, as its source has it. */
  readonly opening: string
  /** False while members come and go as they should, and nobody needs to be told of each. */
  isNarrating = true
  readonly #env: NodeJS.ProcessEnv
  readonly #crew = new Map<string, Worker>()

  constructor({ host, screen, env }: StageDeps) {
    const isOnNats = env[natsVariable] !== undefined
    this.opening = `startNode({ ${isOnNats ? 'transport: nats({ servers })' : 'cluster: true'} })`
    this.host = host
    this.screen = screen
    this.#env = env
  }

  /** Every process, in the order they were started. */
  get crew(): Worker[] {
    return [...this.#crew.values()]
  }

  /** The process of that name. */
  worker(name: string): Worker {
    const worker = this.#crew.get(name)
    if (!worker) throw didNotHappen(`there is no process ${name}`)
    return worker
  }

  /** Every process but one. */
  others(name: string): Worker[] {
    return this.crew.filter((worker) => worker.name !== name)
  }

  /** A process that has ended is no longer asked anything. */
  retire(name: string): void {
    this.#crew.delete(name)
  }

  /** Starts a process. */
  hire(name: string): Worker {
    const onMessage = (message: WorkerMessage): void => {
      this.#narrate(name, message)
    }
    const worker = new Worker(name, { host: this.host, env: this.#env, onMessage })
    this.#crew.set(name, worker)
    return worker
  }

  /** Waits until a process has its node; returns when that was. */
  async awaitUp(worker: Worker): Promise<number> {
    const up = await worker.hears('start', ({ type }) => type === 'up', patienceMs)
    const { message } = up
    const address = message.type === 'up' ? (message.addresses[0] ?? '') : ''
    const pid = String(worker.pid)
    this.screen.say('news', `${worker.name} (pid ${pid}) is at ${address}`)
    return up.atMs
  }

  note(what: string, value: number, unit: string): void {
    this.figures.push({ what, value, unit })
  }

  /** Ends every process that still runs. */
  async killAll(): Promise<void> {
    await Promise.all(this.crew.map((worker) => worker.kill()))
  }

  #narrate(name: string, message: WorkerMessage): void {
    if (message.type === 'trouble') {
      this.screen.say('bad', `${name}: ${message.code} ${message.message}`)
    }
    if (message.type !== 'event' || !this.isNarrating) return
    const { event, member, cause } = message
    const why = cause === undefined ? '' : ` (${cause})`
    this.screen.say('news', `${name} sees ${event.replace('member-', '')}: ${member}${why}`)
  }
}

/** Something the demo promised to show did not happen. */
export function didNotHappen(what: string): FoundationError {
  return new FoundationError('FND_TIMED_OUT', what)
}
