/**
 * PostgreSQL as a meeting place: a table of entries, each with the time it ends by the server's clock,
 * and LISTEN / NOTIFY on one connection.
 */
import { createHash } from 'node:crypto'
import {
  meetingEntriesMax,
  type MeetingEntry,
  type MeetingHandlers,
  type MeetingPlace,
} from '../rendezvous/meeting-place.ts'

/** What is used of a client of the package `pg`. */
export interface PostgresClient {
  connect(): Promise<unknown>
  on(event: string, listener: (argument: never) => void): unknown
  query(text: string, values?: readonly unknown[]): Promise<{ rows: unknown[] }>
  end(): Promise<void>
  readonly connection?: { readonly stream?: { destroySoon(): void } }
}

/** Where the entries are. */
export interface PostgresPlaceOptions {
  /** A client that is not connected yet. */
  readonly makeClient: () => PostgresClient
  readonly cluster: string
  /** The table, checked to be an identifier, perhaps with a schema in front. */
  readonly table: string
  readonly createTable: boolean
}

/** One connection. */
export class PostgresPlace implements MeetingPlace {
  readonly #options: PostgresPlaceOptions
  readonly #client: PostgresClient
  readonly #table: string
  readonly #channel: string

  constructor(options: PostgresPlaceOptions) {
    this.#options = options
    this.#client = options.makeClient()
    this.#table = quoted(options.table)
    this.#channel = channelOf(options.cluster)
  }

  async open({ heard, lost }: MeetingHandlers): Promise<void> {
    this.#client.on('error', lost)
    this.#client.on('end', () => {
      lost(new Error('the connection was closed'))
    })
    this.#client.on('notification', ({ channel, payload }: Notification) => {
      if (channel === this.#channel && payload !== undefined) heard(payload)
    })
    await this.#client.connect()
    await this.#requireTable()
    await this.#client.query(`LISTEN "${this.#channel}"`)
  }

  async write({ name, incarnation, text }: MeetingEntry, ttlMs: number): Promise<void> {
    const { cluster } = this.#options
    await this.#client.query(
      `INSERT INTO ${this.#table} (cluster, node, incarnation, entry, expires_at)
       VALUES ($1, $2, $3, $4, clock_timestamp() + $5 * interval '1 millisecond')
       ON CONFLICT (cluster, node, incarnation)
       DO UPDATE SET entry = excluded.entry, expires_at = excluded.expires_at`,
      [cluster, name, incarnation, text, ttlMs],
    )
    // Every node cleans up; those that come too late skip the rows instead of waiting for each other.
    await this.#client.query(
      `DELETE FROM ${this.#table} WHERE ctid IN (
         SELECT ctid FROM ${this.#table}
         WHERE cluster = $1 AND expires_at < clock_timestamp() FOR UPDATE SKIP LOCKED)`,
      [cluster],
    )
  }

  async list(): Promise<readonly string[]> {
    const { rows } = await this.#client.query(
      `SELECT entry FROM ${this.#table} WHERE cluster = $1 AND expires_at >= clock_timestamp()
       ORDER BY expires_at DESC LIMIT $2`,
      [this.#options.cluster, meetingEntriesMax],
    )
    return (rows as { entry: unknown }[]).map(({ entry }) => String(entry))
  }

  async tell(text: string): Promise<void> {
    await this.#client.query('SELECT pg_notify($1, $2)', [this.#channel, text])
  }

  async remove({ name, incarnation }: MeetingEntry): Promise<void> {
    await this.#client.query(
      `DELETE FROM ${this.#table} WHERE cluster = $1 AND node = $2 AND incarnation = $3`,
      [this.#options.cluster, name, incarnation],
    )
  }

  close(): Promise<void> {
    // A server that hangs does not acknowledge the end: it is sent, and nobody waits.
    this.#client.end().catch(() => undefined)
    this.#client.connection?.stream?.destroySoon()
    return Promise.resolve()
  }

  /** A role that may not create tables can use one that is there: so it is looked for first. */
  async #requireTable(): Promise<void> {
    const found = await this.#client.query('SELECT to_regclass($1) AS name', [this.#table])
    const [row] = found.rows as { name: unknown }[]
    if (!this.#options.createTable || (row?.name ?? null) !== null) return
    try {
      // Unlogged: entries live for seconds and need not survive a crash or burden the log.
      await this.#client.query(`CREATE UNLOGGED TABLE IF NOT EXISTS ${this.#table} (
        cluster text NOT NULL, node text NOT NULL, incarnation text NOT NULL,
        entry text NOT NULL, expires_at timestamptz NOT NULL,
        PRIMARY KEY (cluster, node, incarnation))`)
    } catch (error) {
      if (!isMadeMeanwhile(error)) throw error
    }
  }
}

interface Notification {
  readonly channel: string
  readonly payload?: string
}

/** `IF NOT EXISTS` does not hold between two that create at the same time. */
function isMadeMeanwhile(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === '23505' || code === '42P07' // unique_violation, duplicate_table
}

/** A channel is an identifier of at most 63 bytes; the cluster's name may be anything. */
function channelOf(cluster: string): string {
  return `foundation_${createHash('sha256').update(cluster).digest('hex').slice(0, 16)}`
}

function quoted(table: string): string {
  return table
    .split('.')
    .map((part) => `"${part}"`)
    .join('.')
}
