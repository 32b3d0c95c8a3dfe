/** Nodes on a network in memory, in virtual time unless a test wants the real one. */
import type { Host } from '../../src/kernel/index.ts'
import type { FoundationNode } from '../../src/node/index.ts'
import {
  createMemoryNetwork,
  type MemoryNodeOptions,
  type NodeNetwork,
} from '../../src/testing/index.ts'
import type { Ground, Network, NetworkSetup } from './network.ts'

const stepMs = 50
const patienceMs = 60_000

/** The ground of tests that say nothing else. */
export const memoryGround: Ground = {
  missing: undefined,
  offers: new Set(['virtual time', 'link reset', 'crash seen at once', 'addresses to look up']),
  openNetwork: (setup) => Promise.resolve(new MemoryNodes(setup)),
}

class MemoryNodes implements Network {
  readonly #network: NodeNetwork

  constructor({ seed = 1, delayMs = 1, jitterMs = 0, time = 'virtual' }: NetworkSetup) {
    const memory = { delayMs, jitterMs }
    this.#network = createMemoryNetwork({ seed, time, memory })
  }

  readonly host = (nodeName: string): Host => this.#network.host(nodeName)

  startNode(options: MemoryNodeOptions): Promise<FoundationNode> {
    return this.#network.startNode(options)
  }

  run<T>(work: Promise<T>): Promise<T> {
    return this.#network.run(work)
  }

  advance(ms: number): Promise<void> {
    return this.#network.advance(ms)
  }

  async until(what: string, isSo: () => boolean, withinMs = patienceMs): Promise<void> {
    for (let spentMs = 0; !isSo(); spentMs += stepMs) {
      if (spentMs > withinMs) throw new Error(`in vain for ${String(withinMs)} ms: ${what}`)
      await this.#network.advance(stepMs)
    }
  }

  settle(): Promise<void> {
    return this.#network.settle()
  }

  partition(...groups: readonly (readonly string[])[]): void {
    this.#network.partition(...groups)
  }

  cut(a: string, b: string): void {
    this.#network.cut(a, b)
  }

  heal(): void {
    this.#network.heal()
  }

  kill(nodeName: string): void {
    this.#network.kill(nodeName)
  }

  pause(nodeName: string, ms: number): void {
    this.#network.pause(nodeName, ms)
  }

  resetLink(a: string, b: string): void {
    this.#network.hub.reset(a, b)
  }

  addresses(): readonly string[] {
    return this.#network.hub.addresses
  }

  stop(): Promise<void> {
    return this.#network.stop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}
