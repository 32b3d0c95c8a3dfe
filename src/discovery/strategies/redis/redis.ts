/**
 * `redis`: nodes meet at a Redis server. Needs the package `ioredis`. An entry ends by itself after
 * three missed beats, newcomers and goodbyes are told at once by publish and subscribe. Whoever may
 * write there can propose addresses and nothing more: the handshake turns impostors away.
 */
import {
  importPackage,
  integer,
  optional,
  text,
  type Check,
  type Rules,
} from '../../../kernel/index.ts'
import type { StrategyDefinition } from '../../port/port.ts'
import { RendezvousStrategy } from '../rendezvous/strategy.ts'
import { RedisPlace, type RedisClient } from './redis-place.ts'

/** Options of `redis`. */
export interface RedisOptions {
  /** `redis://[user:password@]host[:port][/database]`, `rediss://` for TLS. */
  readonly url: string
  /** Options for the client of `ioredis` as they are, e.g. `tls: { ca }`; they win over `url`. */
  readonly connection: Readonly<Record<string, unknown>> | undefined
  /** In front of the key and the channel, which end with the cluster's name. */
  readonly keyPrefix: string
  /** Between two beats, moved by up to 20 %; an entry ends after three. 100 to 600 000. */
  readonly intervalMs: number
  /** The class `Redis` of the package `ioredis` itself, for programs in one bundle; imported when left out. */
  readonly lib: unknown
}

const urlCheck: Check = (value) =>
  typeof value === 'string' && /^rediss?:\/\/./.test(value)
    ? undefined
    : 'expected redis://host:port or rediss://host:port'

const recordCheck: Check = (value) =>
  typeof value === 'object' && value !== null ? undefined : 'expected an object'

const libraryCheck: Check = (value) =>
  typeof value === 'function' ? undefined : 'expected the class that "ioredis" exports'

/** The rules of {@link RedisOptions}. */
export const redisRules: Rules<RedisOptions> = {
  url: { fallback: 'redis://127.0.0.1:6379', check: urlCheck },
  connection: optional(recordCheck),
  keyPrefix: text('foundation:'),
  intervalMs: integer(5_000, { min: 100, max: 600_000 }),
  lib: optional(libraryCheck),
}

type RedisClass = new (url: string, options: object) => RedisClient

const connectTimeoutMs = 4_000

/** The `redis` strategy. */
export const redisStrategy: StrategyDefinition<RedisOptions> = {
  name: 'redis',
  aliases: [],
  rules: redisRules,
  create: ({ url, connection, keyPrefix, intervalMs, lib }) =>
    new RendezvousStrategy(async (context) => {
      const loaded = lib ?? (await importPackage('ioredis', 'The strategy "redis"'))
      const options = {
        connectTimeout: connectTimeoutMs,
        ...connection,
        // Coming back is for the strategy to do: it must know when it was away.
        lazyConnect: true,
        enableOfflineQueue: false,
        maxRetriesPerRequest: 0,
        retryStrategy: null,
      }
      const key = `${keyPrefix}${context.self.cluster}`
      const makeClient = (): RedisClient => new (loaded as RedisClass)(url, options)
      const connect = (): RedisPlace => new RedisPlace({ makeClient, key })
      return { what: `redis at ${placeOf(url)}`, intervalMs, connect }
    }),
}

/** The host and port of a URL, without its password. */
function placeOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'an unreadable url'
}
