/** What the NATS engine can be told: where the broker is, who we are to it, and every bound. */
import {
  flag,
  integer,
  listOf,
  optional,
  textCheck,
  type Check,
  type Rules,
} from '../../kernel/index.ts'

import type { ChannelClass } from '../port/port.ts'

const kibibyte = 1024
const mebibyte = 1024 * kibibyte

/** Settings of the NATS engine. */
export interface NatsOptions {
  /** Where the broker is: `host:port`, a URL, or a list. Default `127.0.0.1:4222`. */
  readonly servers: string | readonly string[]
  /** Token the broker asks for. */
  readonly token: string | undefined
  /** User name the broker asks for, with `pass`. */
  readonly user: string | undefined
  readonly pass: string | undefined
  /** Seed of an nkey (`SU...`). */
  readonly nkeySeed: string | undefined
  /** Content of a `.creds` file. */
  readonly credentials: string | undefined
  /** Passed to the client as they are: `{ caFile, certFile, keyFile, ... }`. */
  readonly tls: Readonly<Record<string, unknown>> | undefined
  /** Encrypt every payload with the cluster secret, so that the broker sees ciphertext only. */
  readonly sealed: boolean
  /** The secret (or keyring) for `sealed`. Default: as the mesh finds it. */
  readonly secret: string | readonly string[] | undefined
  /** Longest wait for the broker at start. 100 to 600 000 ms. */
  readonly connectTimeoutMs: number
  /** Longest wait between two attempts to reach the broker again. 100 to 600 000 ms. */
  readonly reconnectMaxMs: number
  /** How often this node says that it lives. 50 to 60 000 ms. */
  readonly pulseIntervalMs: number
  /** A peer nothing is heard of for longer loses its link. 1 000 to 600 000 ms. */
  readonly silentAfterMs: number
  /** Longest wait for the answer of a node that is dialled. 100 to 60 000 ms. */
  readonly dialTimeoutMs: number
  /** Bytes of one class under way to the broker that it has not confirmed. 64 KiB to 64 MiB. */
  readonly windowMaxBytes: number
  /** Bound of the queue of one class, to all nodes together. 64 KiB to 1 GiB. */
  readonly queueMaxBytes: number
  /** Topics whose place in their stream is remembered. 16 to 10 000 000. */
  readonly streamsMax: number
  /** An imported `@nats-io/transport-node`, for those who bundle. */
  readonly lib: unknown
}

const serversCheck: Check = (value) =>
  typeof value === 'string' ? textCheck(value) : listOf(textCheck)(value)
const recordCheck: Check = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? undefined
    : 'expected an object'

/** The rules of {@link NatsOptions}. */
export const natsRules: Rules<NatsOptions> = {
  servers: { fallback: '127.0.0.1:4222', check: serversCheck },
  token: optional<string>(textCheck),
  user: optional<string>(textCheck),
  pass: optional<string>(textCheck),
  nkeySeed: optional<string>(textCheck),
  credentials: optional<string>(textCheck),
  tls: optional<Readonly<Record<string, unknown>>>(recordCheck),
  sealed: flag(false),
  secret: optional<string | readonly string[]>(serversCheck),
  connectTimeoutMs: integer(10_000, { min: 100, max: 600_000 }),
  reconnectMaxMs: integer(5_000, { min: 100, max: 600_000 }),
  pulseIntervalMs: integer(500, { min: 50, max: 60_000 }),
  silentAfterMs: integer(30_000, { min: 1_000, max: 600_000 }),
  dialTimeoutMs: integer(5_000, { min: 100, max: 60_000 }),
  windowMaxBytes: integer(mebibyte, { min: 64 * kibibyte, max: 64 * mebibyte }),
  queueMaxBytes: integer(8 * mebibyte, { min: 64 * kibibyte, max: 1024 * mebibyte }),
  streamsMax: integer(100_000, { min: 16, max: 10_000_000 }),
  lib: { fallback: undefined, check: () => undefined },
}

/** What differs between the classes: the same limits as on the mesh, so that a program can move. */
export const natsClasses: Readonly<
  Record<ChannelClass, { readonly payloadMaxBytes: number; readonly dropsOldest: boolean }>
> = {
  control: { payloadMaxBytes: 260 * kibibyte, dropsOldest: false },
  events: { payloadMaxBytes: 260 * kibibyte, dropsOldest: false },
  telemetry: { payloadMaxBytes: mebibyte, dropsOldest: true },
  bulk: { payloadMaxBytes: 64 * mebibyte, dropsOldest: false },
}
