/**
 * Shapes: small checkers for bodies of messages, whose types are inferred. Fields a shape does not
 * name are dropped, so that a later version may add some.
 */
import { FoundationError } from '../kernel/index.ts'

/** Checks a decoded value; what it returns holds nothing but what the shape names. */
export interface Shape<T> {
  /** @throws {FoundationError} `FND_FRAME_INVALID`, naming `field`. */
  check(value: unknown, field: string): T
}

/** A shape that may be absent from an object. */
export interface OptionalShape<T> extends Shape<T | undefined> {
  readonly optional: true
}

/** The type a shape checks for. */
export type ShapeOf<S> = S extends Shape<infer T> ? T : never

type Fields = Readonly<Record<string, Shape<unknown>>>
type OptionalKeys<F> = {
  [K in keyof F]: F[K] extends OptionalShape<unknown> ? K : never
}[keyof F]

/** The type of an object with these fields. */
export type ObjectOf<F> = {
  readonly [K in Exclude<keyof F, OptionalKeys<F>>]: ShapeOf<F[K]>
} & { readonly [K in OptionalKeys<F>]?: ShapeOf<F[K]> }

function expected(field: string, what: string): FoundationError {
  return new FoundationError('FND_FRAME_INVALID', `Field ${field}: expected ${what}`)
}

function asRecord(value: unknown, field: string): Record<string, unknown> {
  const isRecord =
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  if (!isRecord) throw expected(field, 'an object')
  return value as Record<string, unknown>
}

/** An object with these fields; others are dropped. */
export function object<F extends Fields>(fields: F): Shape<ObjectOf<F>> {
  const shapes = Object.entries(fields)
  const pathsIn = (field: string): { of: string; keys: string[] } => ({
    of: field,
    keys: shapes.map(([key]) => `${field}.${key}`),
  })
  // Of the last field: mostly a shape is checked in one place, a thousand times in a row.
  let paths = pathsIn('')
  return {
    check(value, field) {
      const record = asRecord(value, field)
      if (paths.of !== field) paths = pathsIn(field)
      const { keys } = paths
      const checked: Record<string, unknown> = {}
      for (let at = 0; at < shapes.length; at++) {
        const [key, shape] = shapes[at] as [string, Shape<unknown>]
        const given = Object.hasOwn(record, key) ? record[key] : undefined
        const part = shape.check(given, keys[at] ?? key)
        if (part !== undefined) checked[key] = part
      }
      return checked as ObjectOf<F>
    },
  }
}

/** At most `maxItems` of one shape. */
export function array<T>(shape: Shape<T>, maxItems: number): Shape<readonly T[]> {
  return {
    check(value, field) {
      if (!Array.isArray(value) || value.length > maxItems) {
        throw expected(field, `an array of at most ${String(maxItems)} items`)
      }
      return value.map((item, index) => {
        try {
          return shape.check(item, field)
        } catch {
          // Which one it is costs a text: only for the one that is wrong.
          return shape.check(item, `${field}[${String(index)}]`)
        }
      })
    },
  }
}

/** At most `maxItems` values of one shape under any keys. */
export function record<T>(shape: Shape<T>, maxItems: number): Shape<Readonly<Record<string, T>>> {
  return {
    check(value, field) {
      const entries = Object.entries(asRecord(value, field))
      if (entries.length > maxItems) throw expected(field, `at most ${String(maxItems)} keys`)
      return Object.fromEntries(
        entries.map(([key, item]) => [key, shape.check(item, `${field}.${key}`)]),
      )
    },
  }
}

/** Text of at most `maxBytes` of UTF-8. */
export function string(maxBytes = 1024): Shape<string> {
  return {
    check(value, field) {
      if (typeof value === 'string' && isWithin(value, maxBytes)) return value
      throw expected(field, `a string of at most ${String(maxBytes)} bytes`)
    },
  }
}

/** A character is at most three bytes of UTF-8: short texts need no counting. */
function isWithin(text: string, maxBytes: number): boolean {
  return text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes
}

/** A safe integer from `min` to `max`. */
export function integer(
  min: number = Number.MIN_SAFE_INTEGER,
  max: number = Number.MAX_SAFE_INTEGER,
): Shape<number> {
  return {
    check(value, field) {
      if (Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max) {
        return Number(value)
      }
      throw expected(field, `an integer from ${String(min)} to ${String(max)}`)
    },
  }
}

/** A finite number. */
export function number(): Shape<number> {
  return {
    check(value, field) {
      if (typeof value === 'number' && Number.isFinite(value)) return value
      throw expected(field, 'a finite number')
    },
  }
}

/** `true` or `false`. */
export function boolean(): Shape<boolean> {
  return {
    check(value, field) {
      if (typeof value === 'boolean') return value
      throw expected(field, 'true or false')
    },
  }
}

/** Anything the codec carries. */
export function unknownValue(): Shape<unknown> {
  return { check: (value) => value }
}

/** The shape, or nothing. */
export function optionalOf<T>(shape: Shape<T>): OptionalShape<T> {
  return {
    optional: true,
    check: (value, field) => (value === undefined ? undefined : shape.check(value, field)),
  }
}

/** At most `maxBytes` bytes. */
export function bytes(maxBytes: number): Shape<Buffer> {
  return {
    check(value, field) {
      if (Buffer.isBuffer(value) && value.length <= maxBytes) return value
      throw expected(field, `at most ${String(maxBytes)} bytes`)
    },
  }
}

/** One of a few words. */
export function oneOfWords<const W extends string>(words: readonly W[]): Shape<W> {
  return {
    check(value, field) {
      const word = words.find((candidate) => candidate === value)
      if (word !== undefined) return word
      throw expected(field, `one of ${words.join(', ')}`)
    },
  }
}
