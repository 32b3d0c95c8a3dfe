/** Options of the memory engine and what a full queue does, by class. */
import { defaultsOf, integer, type Check, type Rule, type Rules } from '../../kernel/index.ts'
import { channelClasses, type ChannelClass } from '../port/port.ts'

/** Bytes by channel class. */
export type BytesByClass = Readonly<Record<ChannelClass, number>>

/** How the network of one {@link MemoryHub} behaves when no fault is set. */
export interface MemoryOptions {
  /** One-way delay of every direction that was given no delay of its own. 0 to 60 000. */
  readonly delayMs: number
  /** Up to this much is added to each delay, drawn from the hub's chance. 0 to 60 000. */
  readonly jitterMs: number
  /** A dial that was not answered by then fails with reason `timeout`. 10 to 60 000. */
  readonly dialTimeoutMs: number
  /** How often each side of a link says that it is there. 10 to 60 000. */
  readonly pingIntervalMs: number
  /** A link is ended as `silent` when nothing was heard for this long. 100 to 600 000. */
  readonly silentMaxMs: number
  /** Bytes in flight of one class in one direction, as of a socket's buffers. 1 KiB to 64 MiB. */
  readonly wireMaxBytes: number
  /** Bytes that wait behind those in flight, by class. 1 KiB to 1 GiB. */
  readonly queueMaxBytes: BytesByClass
  /** Largest payload, by class. 1 KiB to 64 MiB. */
  readonly payloadMaxBytes: BytesByClass
}

const KiB = 1024
const MiB = 1024 * KiB

/** The rules of {@link MemoryOptions}. */
export const memoryRules: Rules<MemoryOptions> = {
  delayMs: integer(0, { min: 0, max: 60_000 }),
  jitterMs: integer(0, { min: 0, max: 60_000 }),
  dialTimeoutMs: integer(5_000, { min: 10, max: 60_000 }),
  pingIntervalMs: integer(500, { min: 10, max: 60_000 }),
  silentMaxMs: integer(30_000, { min: 100, max: 600_000 }),
  wireMaxBytes: integer(256 * KiB, { min: KiB, max: 64 * MiB }),
  queueMaxBytes: bytesByClass(
    { control: 8 * MiB, events: 8 * MiB, telemetry: 8 * MiB, bulk: 16 * MiB },
    { min: KiB, max: 1024 * MiB },
  ),
  payloadMaxBytes: bytesByClass(
    { control: 256 * KiB, events: 256 * KiB, telemetry: 256 * KiB, bulk: 8 * MiB },
    { min: KiB, max: 64 * MiB },
  ),
}

/** A fast network without loss. */
export const memoryDefaults: MemoryOptions = defaultsOf(memoryRules)

/** What a full queue does: end the link, make the sender wait, or drop the oldest payload. */
export type OverflowPolicy = 'fail' | 'wait' | 'drop-oldest'

/** The policy of each class, the same as in every engine. */
export const overflowPolicies: Readonly<Record<ChannelClass, OverflowPolicy>> = {
  control: 'fail',
  events: 'wait',
  telemetry: 'drop-oldest',
  bulk: 'wait',
}

function bytesByClass(
  fallback: BytesByClass,
  { min, max }: { min: number; max: number },
): Rule<BytesByClass> {
  const fits: Check = (value) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : `expected bytes by class, each from ${String(min)} to ${String(max)}`
  return {
    fallback: Object.freeze(fallback),
    check: (value) =>
      channelClasses
        .map((name) => fits((value as Partial<BytesByClass> | null)?.[name]))
        .find((problem) => problem !== undefined),
  }
}
