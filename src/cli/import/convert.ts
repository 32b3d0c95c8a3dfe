/** Topologies of libcluster to topologies of Foundation, and what was lost on the way. Pure. */
import {
  findLibclusterKey,
  findLibclusterModule,
  sharedPortNeeded,
  strategyNames,
  type LibclusterModule,
} from '../../discovery/index.ts'
import { toError } from '../../kernel/index.ts'
import type { Place } from './tokens.ts'
import type { EnvRead, List, Pair, Value } from './values.ts'

/** Plain data, with reads of the environment in it. */
export type Plain = string | number | boolean | null | EnvValue | PlainList | PlainRecord
type PlainList = readonly Plain[]
interface PlainRecord {
  readonly [key: string]: Plain
}

/** A value that the environment gives when the node starts. */
export class EnvValue {
  readonly read: EnvRead

  constructor(read: EnvRead) {
    this.read = read
  }

  toJSON(): unknown {
    const { variable, fallback, isRequired, isNumber } = this.read
    return { env: variable, fallback, isRequired, isNumber }
  }
}

/** One topology, ready to be written down. */
export interface ImportedTopology {
  readonly strategy: string
  readonly config: Readonly<Record<string, Plain>>
}

/** Something a person should know about one place of the file. */
export interface ImportNote extends Place {
  /** `lost`: it could not be carried over. `needless`: nothing is lost without it. */
  readonly kind: 'lost' | 'needless' | 'advice'
  readonly topology: string
  readonly what: string
  readonly why: string
}

/** What an import gives. */
export interface Imported {
  readonly topologies: Readonly<Record<string, ImportedTopology>>
  readonly notes: readonly ImportNote[]
}

/** Strategies outside libcluster that have an equal here; their keys are another matter. */
const thirdParties: Readonly<Record<string, string>> = {
  'LibclusterPostgres.Strategy': 'postgres',
  'Cluster.Strategy.Postgres': 'postgres',
  'Cluster.Strategy.Consul': 'consul',
  'Cluster.Strategy.Redis': 'redis',
  'Cluster.Strategy.DNSCluster': 'dns',
}

const sharedPortAdvice =
  'hosts are found without ports, so every node must listen on the same one: ' +
  'listen: { port }, or 27946 when nothing is said'

/** The hooks libcluster has by itself: what Foundation does anyway. */
const defaultHooks: Readonly<Record<string, string>> = {
  connect: 'net_kernel.connect_node',
  disconnect: 'erlang.disconnect_node',
  list_nodes: 'erlang.nodes',
}

/** Converts all of them. */
export function convertTopologies(found: readonly Pair[]): Imported {
  const notes: ImportNote[] = []
  const topologies: Record<string, ImportedTopology> = {}
  for (const pair of found) {
    const converted = new Conversion(pair, notes).result()
    if (converted) topologies[pair.key] = converted
  }
  return { topologies, notes }
}

/** The conversion of one topology. */
class Conversion {
  readonly #pair: Pair
  readonly #notes: ImportNote[]

  constructor(pair: Pair, notes: ImportNote[]) {
    this.#pair = pair
    this.#notes = notes
  }

  result(): ImportedTopology | undefined {
    const { value } = this.#pair
    if (value.kind !== 'list') {
      this.#note('lost', value, 'the topology', 'expected a keyword list')
      return undefined
    }
    const strategy = value.pairs.find(({ key }) => key === 'strategy')
    const module = this.#module(strategy?.value ?? value)
    if (!module) return undefined
    for (const pair of value.pairs) this.#besideConfig(pair)
    const given = value.pairs.find(({ key }) => key === 'config')?.value
    const config = this.#config(module, given?.kind === 'list' ? given.pairs : [])
    const topology = { strategy: module.strategy, config }
    this.#tryOut(topology)
    return topology
  }

  #module(value: Value): LibclusterModule | undefined {
    if (value.kind !== 'module') {
      this.#note('lost', value, 'strategy', 'expected the name of a module')
      return undefined
    }
    const module = findLibclusterModule(value.value)
    if (module && strategyNames().includes(module.strategy)) return module
    const equal = thirdParties[value.value]
    const advice =
      equal === undefined
        ? 'write a strategy class of your own; docs/guides/wizard.md shows one'
        : `it is no part of libcluster; see the options of the strategy "${equal}"`
    this.#note('lost', value, `strategy ${value.value}`, advice)
    return undefined
  }

  #besideConfig({ key, value, ...place }: Pair): void {
    if (key === 'strategy' || key === 'config') return
    const standard = defaultHooks[key]
    if (standard === undefined) {
      this.#note('lost', place, key, 'topologies have no such key')
      return
    }
    const name = value.kind === 'tuple' ? value.items.slice(0, 2).map(nameOf).join('.') : ''
    if (name === standard) return
    const hook = key === 'list_nodes' ? 'listNodes' : key
    this.#note(
      'lost',
      place,
      key,
      `${name} is Elixir code; write the hook \`${hook}\` as a function`,
    )
  }

  #config(module: LibclusterModule, pairs: readonly Pair[]): Record<string, Plain> {
    const all = Object.fromEntries(pairs.map(({ key, value }) => [key, plain(value)]))
    const config: Record<string, Plain> = {}
    for (const pair of pairs) Object.assign(config, this.#option(module, pair, all))
    return config
  }

  /** The options one key becomes. */
  #option(
    module: LibclusterModule,
    { key, value, ...place }: Pair,
    all: Readonly<Record<string, unknown>>,
  ): object {
    const meaning = findLibclusterKey(key, { strategy: module.strategy, module })
    const found = all[key]
    if (!meaning) return this.#lose(place, key, `${module.module} has no such key`)
    if (meaning.kind === 'needless') {
      this.#note('needless', place, key, meaning.becomes)
      return {}
    }
    if (meaning.kind === 'refused') return this.#lose(place, key, meaning.becomes)
    if (found === undefined) return this.#lose(place, key, `${sourceOf(value)} is code`)
    if (found instanceof EnvValue && meaning.kind === 'derived') {
      return this.#lose(
        place,
        key,
        `it depends on ${found.read.variable}; becomes ${meaning.becomes}`,
      )
    }
    try {
      return meaning.options(found, all)
    } catch (thrown) {
      return this.#lose(place, key, toError(thrown).message)
    }
  }

  /** What Foundation would refuse, or could misunderstand, is said now and not at start. */
  #tryOut(topology: ImportedTopology): void {
    const known = Object.entries(topology.config).filter(([, value]) => !hasEnv(value))
    try {
      const needed = sharedPortNeeded(this.#pair.key, {
        ...topology,
        config: Object.fromEntries(known),
      })
      if (needed) this.#note('advice', this.#pair, 'ports', sharedPortAdvice)
    } catch (thrown) {
      if (known.length === Object.keys(topology.config).length) {
        this.#note('lost', this.#pair, 'the topology as it stands', toError(thrown).message)
      }
    }
  }

  #lose(place: Place, what: string, why: string): object {
    this.#note('lost', place, what, why)
    return {}
  }

  #note(kind: ImportNote['kind'], { line, column }: Place, ...[what, why]: [string, string]): void {
    this.#notes.push({ kind, line, column, topology: this.#pair.key, what, why })
  }
}

/** A value as data; undefined when only Elixir knows it. */
function plain(value: Value): Plain | undefined {
  if ('value' in value) return value.value
  if ('items' in value) {
    const address = addressOf(value)
    if (address !== undefined) return address
    return value.pairs.length > 0 ? plainRecord(value.pairs) : plainList(value.items)
  }
  if (value.kind === 'env') return new EnvValue(value)
  return value.kind === 'nil' ? null : undefined
}

/** `{230, 1, 1, 251}` is an address, in Elixir as in Erlang. */
function addressOf({ kind, items }: List): string | undefined {
  const parts = items.map((item) => (item.kind === 'number' ? item.value : NaN))
  if (kind !== 'tuple' || parts.some((part) => !Number.isInteger(part) || part < 0))
    return undefined
  if (parts.length === 4) return parts.join('.')
  return parts.length === 8 ? parts.map((part) => part.toString(16)).join(':') : undefined
}

function plainList(items: readonly Value[]): Plain | undefined {
  const list = items.map(plain).filter((item) => item !== undefined)
  return list.length === items.length ? list : undefined
}

function plainRecord(pairs: readonly Pair[]): Plain | undefined {
  const record: Record<string, Plain> = {}
  for (const { key, value } of pairs) {
    const known = plain(value)
    if (known === undefined) return undefined
    record[key] = known
  }
  return record
}

function hasEnv(value: Plain): boolean {
  if (value instanceof EnvValue) return true
  return typeof value === 'object' && value !== null && Object.values(value).some(hasEnv)
}

function nameOf(value: Value): string {
  return value.kind === 'module' || value.kind === 'atom' ? value.value : sourceOf(value)
}

function sourceOf(value: Value): string {
  return value.kind === 'opaque' ? `\`${value.source.slice(0, 60)}\`` : `this ${value.kind}`
}
