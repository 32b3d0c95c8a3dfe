/** Services with every habit, and a cluster that may start them. No tests here. */
import {
  isFoundationError,
  type FoundationNode,
  type ServiceClasses,
  type ServiceContext,
  type StopReason,
} from '../../src/index.ts'
import type { MemoryNodeOptions } from '../../src/testing/index.ts'
import { formCluster, type Cluster } from './form-cluster.ts'

/** Instances that were born and have ended, as `node id reason`. */
export const diary: string[] = []

/** Ends when it is told to. */
export class Plain {
  readonly #ctx: ServiceContext
  constructor(ctx: ServiceContext) {
    this.#ctx = ctx
    diary.push(`born ${ctx.node} ${ctx.id} ${ctx.reason}`)
  }
  stop(reason: StopReason): void {
    diary.push(`ended ${this.#ctx.node} ${this.#ctx.id} ${reason}`)
  }
  done(): void {
    this.#ctx.done()
  }
  fail(): void {
    this.#ctx.fail(new Error('by request'))
  }
  throwIt(): never {
    throw new Error('an answer')
  }
}
class Throws {
  constructor() {
    throw new Error('no constructor')
  }
  work(): void {}
}
class Hangs {
  start(): Promise<never> {
    return new Promise<never>(() => undefined)
  }
}
/** Its state is larger than the cluster of these tests takes. */
export class Fat extends Plain {
  ping(): string {
    return 'here'
  }
  handoff(): Buffer {
    return Buffer.alloc(2_000)
  }
}
class Odd extends Plain {
  ping(): string {
    return 'here'
  }
  handoff(): unknown {
    return { callback: () => 1 }
  }
}
class Pinned extends Plain {
  static readonly movable = false
  ping(): string {
    return 'here'
  }
  handoff(): number {
    return 1
  }
}
class Parent {
  readonly #supervisor: () => FoundationNode['supervisor']
  constructor({ node }: ServiceContext) {
    this.#supervisor = () => supervisorOf(node)
  }
  async start(): Promise<void> {
    await this.#supervisor().startChild({ id: 'inner', service: 'Plain' })
  }
}
let supervisorOf: (node: string) => FoundationNode['supervisor']

/** All of them. */
export const services: ServiceClasses = { Plain, Throws, Hangs, Fat, Odd, Pinned, Parent }
const options: MemoryNodeOptions = {
  services,
  supervisor: { startTimeoutMs: 500, stateMaxBytes: 1_000, restartDelayMs: 50 },
}
/** Names of the nodes. */
export const nodes: readonly string[] = ['a', 'b', 'c']

/** Three nodes in virtual time; begins a new diary. */
export async function cluster(given: MemoryNodeOptions = {}): Promise<Cluster> {
  diary.length = 0
  const made = await formCluster(nodes, { options: { ...options, ...given } })
  supervisorOf = (name) => made.node(name).supervisor
  return made
}

/** The code of the error a promise rejects with. */
export function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: unknown) => (isFoundationError(error) ? error.code : String(error)),
  )
}

/** What a child does, as one node sees it. */
export function stateOf(made: Cluster, id: string): string | undefined {
  return made.node('b').supervisor.which({ prefix: id })[0]?.state
}
