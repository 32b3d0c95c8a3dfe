/** Every built-in strategy by name. A new one is one file and one line here. */
import type { StrategyDefinition } from './port/port.ts'
import { gossipStrategy } from './strategies/gossip/gossip.ts'
import { localStrategy } from './strategies/local/local.ts'
import { staticStrategy } from './strategies/static.ts'

/** The built-in strategies. */
export const strategies: readonly StrategyDefinition[] = [
  staticStrategy,
  localStrategy,
  gossipStrategy,
]

/** Finds one by its name or an alias; `Elixir.` in front and upper or lower case do not matter. */
export function findStrategy(name: string): StrategyDefinition | undefined {
  const wanted = name.replace(/^Elixir\./, '').toLowerCase()
  return strategies.find((strategy) =>
    [strategy.name, ...strategy.aliases].some((known) => known.toLowerCase() === wanted),
  )
}

/** The names people should write. */
export function strategyNames(): string[] {
  return strategies.map((strategy) => strategy.name)
}
