/**
 * `local`: nodes of one user on one machine find each other through a folder of small files, one a
 * node. It takes the place of libcluster's LocalEpmd, without a daemon.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { integer, optional, textCheck, type Rules } from '../../../kernel/index.ts'
import type { PushStrategy, StrategyContext, StrategyDefinition } from '../../port/port.ts'
import { LocalSession } from './local-session.ts'

/** Options of `local`. */
export interface LocalOptions {
  /** The folder that holds the clusters' folders; the user's runtime folder when left out. */
  readonly folder: string | undefined
  /** Between two looks at the folder that no change asked for. 10 to 3 600 000. */
  readonly rescanMs: number
}

/** The rules of {@link LocalOptions}. */
export const localRules: Rules<LocalOptions> = {
  folder: optional(textCheck),
  rescanMs: integer(5_000, { min: 10, max: 3_600_000 }),
}

/** The `local` strategy. */
export const localStrategy: StrategyDefinition<LocalOptions> = {
  name: 'local',
  aliases: ['localepmd', 'local_epmd'],
  rules: localRules,
  create: (options) => new Local(options),
}

class Local implements PushStrategy {
  readonly kind = 'push'
  readonly #options: LocalOptions
  #session: LocalSession | undefined

  constructor(options: LocalOptions) {
    this.#options = options
  }

  async start(context: StrategyContext): Promise<void> {
    if (this.#session) return
    const { folder = context.ports.runtimeFolder(), rescanMs } = this.#options
    const path = join(folder, clusterFolder(context.self.cluster))
    const session = new LocalSession(context, { path, rescanMs })
    this.#session = session
    try {
      await session.start()
    } catch (error) {
      this.#session = undefined
      throw error
    }
  }

  async stop(): Promise<void> {
    const session = this.#session
    this.#session = undefined
    await session?.stop()
  }

  refresh(): void {
    void this.#session?.look()
  }

  figures(): Record<string, unknown> {
    return this.#session?.figures() ?? {}
  }
}

/** The cluster's name, hashed: it may hold characters unfit for a folder name. */
function clusterFolder(cluster: string): string {
  return createHash('sha256').update(cluster).digest('hex').slice(0, 16)
}
