/** What a worker does about children: classes that keep a diary, and the deeds a test may ask for. */
import process from 'node:process'
import {
  isFoundationError,
  type FoundationNode,
  type ServiceClasses,
  type ServiceContext,
} from '../../src/index.ts'
import { sleep, systemHost } from '../../src/kernel/index.ts'
import type { ChildrenOrders, Life } from './children-orders.ts'

type Deeds = {
  [N in keyof ChildrenOrders]: (
    ask: ChildrenOrders[N]['ask'],
  ) => Promise<ChildrenOrders[N]['answer']> | ChildrenOrders[N]['answer']
}

const lives: { -readonly [K in keyof Life]: Life[K] }[] = []

/** Counts; hands its count over. */
class Counter {
  static readonly version = 1
  readonly #life: (typeof lives)[number]

  constructor({ id, epoch }: ServiceContext) {
    const { pid } = process
    this.#life = { id, epoch, pid, bornMs: systemHost.wallClockMs(), endedMs: undefined, value: 0 }
    lives.push(this.#life)
  }
  start(state?: { value: number }): void {
    if (state) this.#life.value = state.value
  }
  handoff(): { value: number } {
    return { value: this.#life.value }
  }
  stop(): void {
    this.#life.endedMs = systemHost.wallClockMs()
  }
  increment(by: number): number {
    return (this.#life.value += by)
  }
}

/** Never starts. */
class Broken {
  start(): never {
    throw new Error('as always')
  }
}

/** A class that only some processes have. */
class Rare extends Counter {
  override increment(by: number): number {
    return super.increment(by)
  }
}

/** The `services` option of a worker; `TEST_RARE=1` adds one. */
export const services: ServiceClasses =
  process.env['TEST_RARE'] === '1' ? { Counter, Broken, Rare } : { Counter, Broken }

/** The deeds, for a worker whose node `node` gives. */
export function childrenDeeds(node: () => FoundationNode): Deeds {
  let load: Load | undefined
  const remote = (id: string, timeoutMs = 10_000) =>
    node().supervisor.get<Counter>(id, { timeoutMs })
  return {
    startChildren: async ({ prefix, count, service = 'Counter', args }) => {
      const ids = Array.from({ length: count }, (_, at) => `${prefix}:${String(at)}`)
      const started = ids.map((id) => node().supervisor.startChild({ id, service, args }))
      return tallyOf(started)
    },
    stopChild: async ({ id }) => {
      await node().supervisor.stopChild(id)
      return {}
    },
    moveChild: async ({ id, to }) => {
      const beganMs = systemHost.nowMs()
      await node().supervisor.move(id, to)
      return { tookMs: systemHost.nowMs() - beganMs }
    },
    which: () => node().supervisor.which(),
    lives: () => lives,
    incrementAll: async ({ ids }) => {
      const values = ids.map(async (id) => [id, await remote(id).increment(1)] as const)
      return Object.fromEntries(await Promise.all(values))
    },
    beginLoad: ({ ids, inFlight }) => {
      load = new Load((id) => remote(id, 1_000).increment(1))
      load.begin(ids, inFlight)
      return {}
    },
    endLoad: () => load?.end() ?? {},
  }
}

/** Calls without end. */
class Load {
  readonly #call: (id: string) => Promise<unknown>
  readonly #tally: Record<string, number> = {}
  #state: 'running' | 'ended' = 'running'
  #loops: Promise<void>[] = []

  constructor(call: (id: string) => Promise<unknown>) {
    this.#call = call
  }

  begin(ids: readonly string[], inFlight: number): void {
    this.#loops = Array.from({ length: inFlight }, (_, at) => this.#loop(ids, at))
  }

  async end(): Promise<Record<string, number>> {
    this.#state = 'ended'
    await Promise.all(this.#loops)
    return this.#tally
  }

  async #loop(ids: readonly string[], from: number): Promise<void> {
    for (let at = from; this.#state === 'running'; at += 7) {
      const id = ids[at % ids.length] ?? ''
      const code = await codeOf(this.#call(id))
      this.#tally[code] = (this.#tally[code] ?? 0) + 1
      if (code !== 'ok') await sleep(systemHost, 5)
    }
  }
}

async function tallyOf(works: readonly Promise<unknown>[]): Promise<Record<string, number>> {
  const tally: Record<string, number> = {}
  for (const code of await Promise.all(works.map(codeOf))) tally[code] = (tally[code] ?? 0) + 1
  return tally
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'ok'
  } catch (thrown) {
    return isFoundationError(thrown) ? thrown.code : String(thrown)
  }
}
