/** What nodes say to each other on some channels, and what became of each message: heard, or told lost. */
import type { FoundationNode } from '../../src/index.ts'
import { isFoundationError } from '../../src/kernel/index.ts'

/** The channels that are counted, each by itself. */
export const channels: readonly string[] = ['control', 'events', 'telemetry']

interface Account {
  readonly heard: number[]
  missing: number
}

/** One a test. */
export class Tally {
  /** Sender, receiver and channel in one word each. */
  readonly accounts: Map<string, Account> = new Map<string, Account>()
  /** Why messages were not taken. */
  readonly refused: string[] = []
  readonly #sent = new Map<string, number>()
  readonly #nodes: FoundationNode[] = []
  #last = 0

  /** Resolves when what other nodes say from then on is counted. */
  async follow(node: FoundationNode): Promise<void> {
    this.#nodes.push(node)
    for (const channel of channels) {
      const account = (from: string): Account => this.#account(`${from} ${node.name} ${channel}`)
      const subscription = node.pubsub.subscribe(
        `${channel}.n`,
        (n, { from }) => {
          if (from !== node.name) account(from).heard.push(n as number)
        },
        { onGap: ({ from, count }) => (account(from).missing += count) },
      )
      await subscription.ready
    }
  }

  /** Each of these nodes says one more number on each channel. */
  say(nodes: readonly FoundationNode[] = this.#nodes): void {
    this.#last += 1
    for (const node of nodes) {
      for (const channel of channels) void this.#say(node, channel, this.#last)
    }
  }

  sent(node: FoundationNode, channel: string): number {
    return this.#sent.get(`${node.name} ${channel}`) ?? 0
  }

  /** Messages told lost, all receivers together. */
  get missing(): number {
    return [...this.accounts.values()].reduce((sum, { missing }) => sum + missing, 0)
  }

  /** Accounts in which what was heard and what was told lost is not what was sent. */
  open(): string[] {
    return this.#pairs().flatMap(([from, to]) =>
      channels.flatMap((channel) => {
        const { heard, missing } = this.#account(`${from.name} ${to.name} ${channel}`)
        const sent = this.sent(from, channel)
        if (heard.length + missing === sent) return []
        const counts = `${String(sent)} sent, ${String(heard.length)} heard, ${String(missing)} told lost`
        return [`${from.name} to ${to.name} on ${channel}: ${counts}`]
      }),
    )
  }

  /** Accounts in which a number came twice, or before an earlier one. */
  disordered(): string[] {
    return [...this.accounts].flatMap(([key, { heard }]) =>
      heard.every((n, at) => at === 0 || n > (heard[at - 1] ?? 0)) ? [] : [key],
    )
  }

  async #say(...[node, channel, n]: [FoundationNode, string, number]): Promise<void> {
    try {
      const { peers } = await node.pubsub.broadcast(`${channel}.n`, n)
      // With nobody to say it to nothing is said.
      if (peers === 0) return
      const key = `${node.name} ${channel}`
      this.#sent.set(key, (this.#sent.get(key) ?? 0) + 1)
    } catch (error) {
      this.refused.push(isFoundationError(error) ? error.code : 'another error')
    }
  }

  #pairs(): [FoundationNode, FoundationNode][] {
    return this.#nodes.flatMap((from) =>
      this.#nodes
        .filter((to) => to !== from)
        .map((to): [FoundationNode, FoundationNode] => [from, to]),
    )
  }

  #account(key: string): Account {
    const account = this.accounts.get(key) ?? { heard: [], missing: 0 }
    this.accounts.set(key, account)
    return account
  }
}
