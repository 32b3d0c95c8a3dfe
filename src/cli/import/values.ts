/** What a configuration file's expressions mean, as far as that can be known without running it. */
import type { Place } from './tokens.ts'

/** The value of an expression, with where it stands. */
export type Value = Place & (Known | List | Opaque)

/** A value that is known, or will be known from the environment. */
export type Known =
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'atom'; readonly value: string }
  /** `Cluster.Strategy.Gossip`. */
  | { readonly kind: 'module'; readonly value: string }
  | { readonly kind: 'nil' }
  | ({ readonly kind: 'env' } & EnvRead)

/** A variable read at start. */
export interface EnvRead {
  readonly variable: string
  readonly fallback?: string
  /** Elixir's `fetch_env!`: without it nothing starts. */
  readonly isRequired: boolean
  readonly isNumber: boolean
}

/** A list, tuple or map; of a keyword list or a map the items are pairs. */
export interface List {
  readonly kind: 'list' | 'tuple' | 'map'
  readonly items: readonly Value[]
  readonly pairs: readonly Pair[]
}

/** One `key: value`. */
export interface Pair extends Place {
  readonly key: string
  readonly value: Value
}

/** An expression nobody can know the value of without Elixir. */
export interface Opaque {
  readonly kind: 'opaque'
  readonly source: string
}
