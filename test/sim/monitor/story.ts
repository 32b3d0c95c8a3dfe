/** What a story is: an illness, and what is to be seen of its cure. */
import type { HealingRuleName } from '../../../src/monitor/index.ts'
import type { Ward, WardOptions } from './ward.ts'

/** One story. It runs twice in a seed: treated, and not treated. */
export interface Story {
  readonly name: string
  /** The rules of healing in force when it is treated. */
  readonly cure: readonly HealingRuleName[]
  readonly options?: Pick<WardOptions, 'monitor' | 'node' | 'knowsAll' | 'withoutHealing'>
  /** Lets it happen; gives how ill the cluster was, in whatever the story measures. */
  readonly run: (ward: Ward) => Promise<number>
  /** More must not be seen where it is treated. */
  readonly illMax: number
  /** Nothing heals it, or there is nothing to heal: it runs once, treated. */
  readonly isBeyondCure?: boolean
}
