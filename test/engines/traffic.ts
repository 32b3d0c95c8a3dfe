/**
 * Messages that all nodes of a cluster say to all, while nodes come and go: none may be missing but
 * what a listener was told of, for on a machine that stands still a link may end as silent.
 */
import assert from 'node:assert/strict'
import { isFoundationError, sleep, systemHost } from '../../src/kernel/index.ts'
import type { FoundationNode } from '../../src/index.ts'
import { until } from '../../src/testing/waiting/until.ts'

interface Said {
  /** The sender, and which of its lives. */
  readonly life: string
  readonly count: number
}

const topic = 'events.traffic'
const pauseMs = 2

/** One a test. */
export class Traffic {
  readonly #nodes: () => readonly FoundationNode[]
  readonly #counts = new Map<string, number>()
  /** By listener and sender: what was heard last, and how many were missing before it. */
  readonly #heard = new Map<string, { last: number; missing: number }>()
  /** By listener and name of the sender: how many it was told it would never hear. */
  readonly #told = new Map<string, number>()
  #flow: Promise<void> | undefined
  #isOver = false

  constructor(nodes: () => readonly FoundationNode[]) {
    this.#nodes = nodes
  }

  /** Everybody knows that the node listens, once this resolves. */
  async listen(node: FoundationNode): Promise<void> {
    const listener = lifeOf(node)
    node.on('gap', ({ from, count }) => {
      const pair = `${listener} hears ${from}`
      this.#told.set(pair, (this.#told.get(pair) ?? 0) + count)
    })
    await node.pubsub.subscribe(topic, (message) => {
      this.#hear(listener, message as Said)
    }).ready
  }

  start(): void {
    this.#flow ??= this.#run()
    this.#flow.catch(() => undefined)
  }

  /** Ends it, after every node has heard the last word of every other. */
  async stop(): Promise<void> {
    this.#isOver = true
    await this.#flow
    const lives = this.#nodes().map(lifeOf)
    await until('all heard the last word of all', () =>
      lives.every((listener) => lives.every((sender) => this.#isUpToDate(listener, sender))),
    )
    for (const [pair, { missing }] of this.#heard) {
      // Without the life of the sender.
      const told = this.#told.get(pair.slice(0, pair.lastIndexOf(' '))) ?? 0
      assert.ok(missing <= told, `${pair}: ${String(missing)} missing, ${String(told)} told`)
    }
  }

  async #run(): Promise<void> {
    // A test that failed has stopped all nodes.
    while (!this.#isOver && this.#nodes().length > 0) {
      await Promise.all(this.#nodes().map((node) => this.#say(node)))
      await sleep(systemHost, pauseMs)
    }
  }

  async #say(node: FoundationNode): Promise<void> {
    const life = lifeOf(node)
    const count = (this.#counts.get(life) ?? 0) + 1
    this.#counts.set(life, count)
    try {
      await node.pubsub.broadcast(topic, { life, count } satisfies Said)
    } catch (error) {
      // It is about to leave: it says nothing more.
      if (!isFoundationError(error) || error.code !== 'FND_NOT_RUNNING') throw error
    }
  }

  #hear(listener: string, { life, count }: Said): void {
    const pair = `${listener} hears ${life}`
    const before = this.#heard.get(pair)
    const missing = (before?.missing ?? 0) + (before ? count - before.last - 1 : 0)
    this.#heard.set(pair, { last: count, missing })
  }

  #isUpToDate(listener: string, sender: string): boolean {
    return this.#heard.get(`${listener} hears ${sender}`)?.last === this.#counts.get(sender)
  }
}

function lifeOf(node: FoundationNode): string {
  return `${node.name} ${node.self.incarnation}`
}
