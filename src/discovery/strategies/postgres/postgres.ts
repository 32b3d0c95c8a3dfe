/**
 * `postgres`: nodes meet at a PostgreSQL database. Needs the package `pg`. Each keeps a row that ends
 * after three missed beats; newcomers and goodbyes are told at once by NOTIFY. Whoever may write there
 * can propose addresses and nothing more: the handshake turns impostors away.
 */
import {
  flag,
  importPackage,
  integer,
  optional,
  textCheck,
  type Check,
  type Rules,
} from '../../../kernel/index.ts'
import type { StrategyDefinition } from '../../port/port.ts'
import { RendezvousStrategy } from '../rendezvous/strategy.ts'
import { PostgresPlace, type PostgresClient } from './postgres-place.ts'

/** Options of `postgres`. */
export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`; when left out, `PGHOST` and the like decide. */
  readonly url: string | undefined
  /** Options for the client of `pg` as they are, e.g. `ssl: { ca }`; they win over `url`. */
  readonly connection: Readonly<Record<string, unknown>> | undefined
  /** The table of entries, perhaps with its schema: small letters, digits and `_`. */
  readonly table: string
  /** Makes the table when it is missing. */
  readonly createTable: boolean
  /** Between two beats, moved by up to 20 %; an entry ends after three. 100 to 600 000. */
  readonly intervalMs: number
  /** The package `pg` itself, for programs in one bundle; imported when left out. */
  readonly lib: unknown
}

const tableCheck: Check = (value) =>
  typeof value === 'string' && /^([a-z_][a-z0-9_]{0,62}\.)?[a-z_][a-z0-9_]{0,62}$/.test(value)
    ? undefined
    : 'expected a table, or schema.table, in small letters, digits and _'

const recordCheck: Check = (value) =>
  typeof value === 'object' && value !== null ? undefined : 'expected an object'

const libraryCheck: Check = (value) =>
  typeof (value as { Client?: unknown } | null)?.Client === 'function'
    ? undefined
    : 'expected what "pg" exports'

/** The rules of {@link PostgresOptions}. */
export const postgresRules: Rules<PostgresOptions> = {
  url: optional(textCheck),
  connection: optional(recordCheck),
  table: { fallback: 'foundation_nodes', check: tableCheck },
  createTable: flag(true),
  intervalMs: integer(5_000, { min: 100, max: 600_000 }),
  lib: optional(libraryCheck),
}

interface PostgresLibrary {
  readonly Client: new (options: object) => PostgresClient
}

const connectTimeoutMs = 4_000

/** The `postgres` strategy. */
export const postgresStrategy: StrategyDefinition<PostgresOptions> = {
  name: 'postgres',
  aliases: ['postgresql'],
  rules: postgresRules,
  create: ({ url, connection, table, createTable, intervalMs, lib }) =>
    new RendezvousStrategy(async (context) => {
      const loaded = lib ?? (await importPackage('pg', 'The strategy "postgres"'))
      const { Client } = loaded as PostgresLibrary
      const options = {
        ...(url !== undefined && { connectionString: url }),
        application_name: `foundation ${context.self.cluster}`,
        connectionTimeoutMillis: connectTimeoutMs,
        keepAlive: true,
        ...connection,
      }
      const makeClient = (): PostgresClient => new Client(options)
      const place = { makeClient, cluster: context.self.cluster, table, createTable }
      return { what: placeOf(url), intervalMs, connect: () => new PostgresPlace(place) }
    }),
}

/** The host, port and database of a URL, without its password. */
function placeOf(url: string | undefined): string {
  if (url === undefined) return 'postgres'
  if (!URL.canParse(url)) return 'postgres at an unreadable url'
  const { host, pathname } = new URL(url)
  return `postgres at ${host}${pathname}`
}
