/** Every built-in strategy by name. A new one is one file and one line here. */
import { findLibclusterModule } from './libcluster.ts'
import type { StrategyDefinition } from './port/port.ts'
import { consulStrategy } from './strategies/consul/consul.ts'
import { dnsStrategy } from './strategies/dns.ts'
import { execStrategy } from './strategies/exec.ts'
import { fileStrategy } from './strategies/file.ts'
import { gossipStrategy } from './strategies/gossip/gossip.ts'
import { httpStrategy } from './strategies/http.ts'
import { kubernetesStrategy } from './strategies/kubernetes/kubernetes.ts'
import { localStrategy } from './strategies/local/local.ts'
import { mdnsStrategy } from './strategies/mdns/mdns.ts'
import { postgresStrategy } from './strategies/postgres/postgres.ts'
import { redisStrategy } from './strategies/redis/redis.ts'
import { rancherStrategy } from './strategies/rancher.ts'
import { staticStrategy } from './strategies/static.ts'

/** The built-in strategies. */
export const strategies: readonly StrategyDefinition[] = [
  staticStrategy,
  localStrategy,
  gossipStrategy,
  mdnsStrategy,
  dnsStrategy,
  kubernetesStrategy,
  postgresStrategy,
  redisStrategy,
  consulStrategy,
  httpStrategy,
  rancherStrategy,
  fileStrategy,
  execStrategy,
]

/** Finds one by its name, an alias, or the libcluster module it takes the place of. */
export function findStrategy(name: string): StrategyDefinition | undefined {
  const wanted = (findLibclusterModule(name)?.strategy ?? name).toLowerCase()
  return strategies.find((strategy) =>
    [strategy.name, ...strategy.aliases].some((known) => known.toLowerCase() === wanted),
  )
}

/** The names people should write. */
export function strategyNames(): string[] {
  return strategies.map((strategy) => strategy.name)
}
