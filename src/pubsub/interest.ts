/**
 * Which peers want which topics. Each node says in its owner log what it listens to, so peers learn
 * it as they learn everything else of it. While a peer's log is not known, it gets everything.
 */
import type { WaitOptions } from '../kernel/index.ts'
import type { LogChange, OwnerLog } from '../replication/index.ts'
import { TopicTable } from './topic-table.ts'
import { parsePattern } from './topic.ts'

/** What it talks to. */
export interface InterestDeps {
  readonly ownerLog: Pick<
    OwnerLog,
    'put' | 'delete' | 'watch' | 'entries' | 'isKnown' | 'acknowledged'
  >
  /** What else must know what this node listens to: a broker, where there is one. */
  readonly broker?: {
    listen(pattern: string): Promise<void>
    unlisten(pattern: string): void
  }
}

interface Own {
  count: number
  readonly sequence: number
  readonly heeded: Promise<void> | undefined
}

const space = 'interest'

/** One a node. */
export class Interest {
  readonly #deps: InterestDeps
  readonly #table = new TopicTable<string>()
  /** Local subscriptions by topic or pattern, and the change that announced it. */
  readonly #own = new Map<string, Own>()
  readonly #unwatch: () => void
  /** Linked peers, in the order they came. */
  readonly #links = new Set<string>()
  /** Those of them whose interest is not known yet. */
  readonly #unknown = new Set<string>()
  #changes = 0

  constructor(deps: InterestDeps) {
    this.#deps = deps
    this.#unwatch = deps.ownerLog.watch(space, (change) => {
      this.#learn(change)
    })
    for (const { owner, key } of deps.ownerLog.entries(space)) this.#enter(owner, key, 'put')
  }

  /** Distinct topics and patterns this node listens to. */
  get size(): number {
    return this.#own.size
  }

  stop(): void {
    this.#unwatch()
  }

  /** One more local subscription to a topic or pattern. */
  add(pattern: string): void {
    const own = this.#own.get(pattern)
    if (own) {
      own.count += 1
      return
    }
    const heeded = this.#deps.broker?.listen(pattern)
    const sequence = this.#deps.ownerLog.put(space, pattern, null)
    this.#own.set(pattern, { count: 1, sequence, heeded })
  }

  /** One less. The last one takes the interest back. */
  remove(pattern: string): void {
    const own = this.#own.get(pattern)
    if (!own) return
    own.count -= 1
    if (own.count > 0) return
    this.#own.delete(pattern)
    this.#deps.ownerLog.delete(space, pattern)
    this.#deps.broker?.unlisten(pattern)
  }

  /** Resolves when every linked peer knows that this node listens to these. */
  async announced(patterns: readonly string[], options: WaitOptions = {}): Promise<void> {
    const own = patterns.flatMap((pattern) => this.#own.get(pattern) ?? [])
    await Promise.all(own.flatMap(({ heeded }) => heeded ?? []))
    const sequences = own.map(({ sequence }) => sequence)
    await this.#deps.ownerLog.acknowledged(Math.max(0, ...sequences), options)
  }

  linkUp(peer: string): void {
    this.#links.add(peer)
    this.#unknown.add(peer)
    this.#changes += 1
  }

  linkDown(peer: string): void {
    this.#links.delete(peer)
    this.#unknown.delete(peer)
    this.#changes += 1
  }

  /** Every linked peer, in the order they came. */
  everyone(): readonly string[] {
    return [...this.#links]
  }

  isLinked(peer: string): boolean {
    return this.#links.has(peer)
  }

  /** `peersFor` answers the same while this is the same. */
  get version(): number {
    if (this.#unknown.size > 0) this.#lookAgain()
    return this.#changes + this.#table.version
  }

  /** The linked peers a message on this topic must go to. */
  peersFor(topic: string): readonly string[] {
    const interested = new Set(this.#table.find(topic))
    return [...this.#links].filter((peer) => interested.has(peer) || this.#unknown.has(peer))
  }

  #lookAgain(): void {
    for (const peer of this.#unknown) {
      if (!this.#deps.ownerLog.isKnown(peer)) continue
      this.#unknown.delete(peer)
      this.#changes += 1
    }
  }

  #learn({ owner, key, type, isOwn }: LogChange): void {
    if (!isOwn) this.#enter(owner, key, type)
  }

  /** A key that is no pattern of this version is left alone: no topic can match it here. */
  #enter(owner: string, key: string, type: LogChange['type']): void {
    const tokens = tokensOf(key)
    if (!tokens) return
    if (type === 'put') this.#table.add(tokens, owner)
    else this.#table.remove(tokens, owner)
  }
}

function tokensOf(pattern: string): readonly string[] | undefined {
  try {
    return parsePattern(pattern)
  } catch {
    return undefined
  }
}
