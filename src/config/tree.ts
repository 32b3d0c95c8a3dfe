/**
 * Settings as one object: what the application gave, with the settings of the cluster laid over it.
 * Pure; a tree is never changed, a change makes a new one that shares all else.
 */

/** A plain object, or any other value at a leaf. */
export type Tree = unknown

type Branch = Readonly<Record<string, unknown>>

/** The value at a path; undefined where there is none. */
export function valueAt(tree: Tree, tokens: readonly string[]): unknown {
  let at = tree
  for (const token of tokens) {
    if (!isBranch(at) || !Object.hasOwn(at, token)) return undefined
    at = at[token]
  }
  return at
}

/** The tree with another value at a path; what stood in the way of the path is gone. */
export function withValue(tree: Tree, tokens: readonly string[], value: unknown): Tree {
  const [first, ...rest] = tokens
  if (first === undefined) return value
  const branch = isBranch(tree) ? tree : {}
  const below = Object.hasOwn(branch, first) ? branch[first] : undefined
  return Object.freeze({ ...branch, [first]: withValue(below, rest, value) })
}

/** Makes a value read-only, as far down as plain objects and arrays go. */
export function frozen<T>(value: T): T {
  if (Array.isArray(value) || isBranch(value)) {
    for (const part of Object.values(value)) frozen(part)
    Object.freeze(value)
  }
  return value
}

/** A copy that is read-only, as far down as plain objects and arrays go; the given one stays as it is. */
export function frozenCopy(value: unknown): unknown {
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy))
  if (!isBranch(value)) return value
  const parts = Object.entries(value).map(([key, part]) => [key, frozenCopy(part)] as const)
  return Object.freeze(Object.fromEntries(parts))
}

function isBranch(value: unknown): value is Branch {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
