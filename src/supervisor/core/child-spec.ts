/** What a child is asked to be: its specification, checked at the door, and its hash. Pure. */
import {
  FoundationError,
  flag,
  integer,
  invalid,
  listOf,
  oneOf,
  optional,
  resolveRules,
  text,
  textCheck,
  type Check,
  type Rules,
} from '../../kernel/index.ts'
import { encodeValue } from '../../wire/index.ts'

/** When a child that ended is started again. */
export type RestartPolicy =
  | 'permanent' // always
  | 'transient' // unless it said that it is done
  | 'temporary' // never, not even when its node is lost

/** What a user gives `startChild`. */
export interface ChildSpecInput {
  /** Unique in the cluster; also its registry name. 1 to 200 of letters, digits and `. _ : / @ -`. */
  readonly id: string
  /** A key of the `services` option of the nodes that may run it. */
  readonly service: string
  /** Handed to the class as `ctx.args`; anything the codec carries. */
  readonly args?: unknown
  /** `permanent` unless given. */
  readonly restart?: RestartPolicy
  /** Restarts within `withinMs` after which it counts as failed (3). */
  readonly maxRestarts?: number
  /** Milliseconds of being up (5 000): time it takes to start, or waits for that, is not counted. */
  readonly withinMs?: number
  /** How long its `stop` may take, in milliseconds (5 000); then it is abandoned. */
  readonly shutdownMs?: number
  /** `bounded`, `least-loaded`, `random`, `local`, or a key of the `placements` option (`bounded`). */
  readonly placement?: string
  /** Only nodes that have all of these. */
  readonly roles?: readonly string[]
  /** It is completed as soon as its `start` has ended. */
  readonly once?: boolean
}

/** A specification with every default filled in. */
export type ChildSpec = {
  readonly [K in keyof ChildSpecInput]-?: K extends 'args' ? unknown : ChildSpecInput[K]
}

/** Longest id, in characters. */
const idMaxLength = 200
const argsMaxBytes = 24 * 1_024

const idCheck: Check = (value) =>
  typeof value === 'string' && /^[\w.:/@-]+$/.test(value) && value.length <= idMaxLength
    ? undefined
    : `expected 1 to ${String(idMaxLength)} letters, digits, or any of . _ : / @ -`

const specRules: Rules<ChildSpec> = {
  id: { fallback: '', check: idCheck },
  service: text(''),
  args: optional(() => undefined),
  restart: oneOf<RestartPolicy>('permanent', ['permanent', 'transient', 'temporary']),
  maxRestarts: integer(3, { min: 0, max: 1_000_000 }),
  withinMs: integer(5_000, { min: 1, max: 86_400_000 }),
  shutdownMs: integer(5_000, { min: 0, max: 86_400_000 }),
  placement: text('bounded'),
  roles: { fallback: [], check: listOf(textCheck) },
  once: flag(false),
}

/**
 * A specification with every default, checked.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID`; `FND_MESSAGE_INVALID` and
 *   `FND_MESSAGE_TOO_LARGE` for arguments that can't be carried.
 */
export function checkChildSpec(input: ChildSpecInput): ChildSpec {
  const spec = resolveRules(specRules, input, 'child')
  checkChildId(spec.id)
  const problem = textCheck(spec.service)
  if (problem !== undefined) throw invalid('child.service', problem, spec.service)
  const { length } = encodeValue(spec.args)
  if (length <= argsMaxBytes) return spec
  const size = `${String(length)} bytes, more than ${String(argsMaxBytes)}`
  const message = `Arguments of child "${spec.id}" are ${size}; pass a reference to large data`
  throw new FoundationError('FND_MESSAGE_TOO_LARGE', message)
}

/** @throws {FoundationError} `FND_OPTION_INVALID` */
export function checkChildId(id: unknown): void {
  const problem = idCheck(id)
  if (problem !== undefined) throw invalid('child.id', problem, id)
}

/**
 * Two specifications with the same hash are the same, whatever the order of their keys.
 *
 * @returns 16 hexadecimal digits.
 */
export function childSpecHash(spec: ChildSpec): string {
  const bytes = encodeValue(inOrder(spec))
  const half = (basis: number): string => {
    let hash = basis
    for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
    return ((hash ^ (hash >>> 13)) >>> 0).toString(16).padStart(8, '0')
  }
  return half(0x811c9dc5) + half(0x2f0b4a27)
}

/** The same value, with the keys of every plain object sorted. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (typeof value !== 'object' || value === null) return value
  if (Object.getPrototypeOf(value) !== Object.prototype) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, inOrder(item)]))
}
