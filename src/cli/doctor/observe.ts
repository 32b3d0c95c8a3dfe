/** Joins as an observer, looks for a while, and tells what it saw. */
import { systemHost, type FoundationError } from '../../kernel/index.ts'
import type { FoundationNode } from '../../node/index.ts'
import { askEveryone } from '../core/observer.ts'
import type { Observation } from './check.ts'

/** An observer that has begun to look. Everything from its start on is heard. */
export class Look {
  readonly #node: FoundationNode
  readonly #beganMs: number
  readonly #troubles: FoundationError[] = []

  constructor(node: FoundationNode) {
    this.#node = node
    this.#beganMs = systemHost.nowMs()
    node.on('trouble', ({ error }) => {
      this.#troubles.push(error)
    })
  }

  /** Looks until somebody is there or `timeoutMs` passed. */
  async result(timeoutMs: number): Promise<Observation> {
    const node = this.#node
    await node.ready({ minPeers: 1, timeoutMs, onTimeout: 'continue' })
    const askedAtMs = systemHost.wallClockMs()
    const answers = await askEveryone(node, timeoutMs)
    const answeredAtMs = systemHost.wallClockMs()
    const middleMs = (askedAtMs + answeredAtMs) / 2
    return {
      self: node.status(),
      answers,
      clocks: answers.flatMap((answer) =>
        'status' in answer
          ? [
              {
                node: answer.node,
                aheadMs: answer.status.at - middleMs,
                errorMs: (answeredAtMs - askedAtMs) / 2,
              },
            ]
          : [],
      ),
      troubles: this.#troubles,
      lookedForMs: systemHost.nowMs() - this.#beganMs,
    }
  }
}
