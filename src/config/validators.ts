/**
 * What a node says of values before they become settings. Validators see the settings as they would
 * be, must have no side effects, and have a deadline.
 */
import { toError, within, type Host } from '../kernel/index.ts'
import { matchesPattern, type StandardSchema } from '../pubsub/index.ts'
import type { Refusal } from './commit/transaction.ts'
import { overlap, patternTokens, tokensOf, type ConfigPath } from './record/path.ts'
import { valueAt, type Tree } from './tree.ts'

/** What a validator is told beside the value. */
export interface ValidationContext {
  readonly path: string
  /** The value now. */
  readonly previous: unknown
  /** Any setting as it would be. */
  readonly get: (path: string) => unknown
}

/** Throws, or rejects, to refuse a value; the message is the reason. Must change nothing. */
export type Validator = (value: unknown, context: ValidationContext) => unknown

/** A change that is asked for. */
export interface Candidate {
  readonly paths: readonly string[]
  readonly before: Tree
  readonly after: Tree
}

interface Entry {
  readonly tokens: readonly string[]
  /** Without wildcards: the path itself. */
  readonly path: string | undefined
  readonly validator: Validator
}

const reasonMaxLength = 1_000

/** One a node. */
export class Validators {
  readonly #entries = new Set<Entry>()

  /** @returns takes the validator back. */
  add(pattern: ConfigPath, validator: Validator | StandardSchema): () => void {
    const tokens = patternTokens(pattern)
    const isPattern = tokens.some((token) => token === '*' || token === '>')
    const entry: Entry = {
      tokens,
      path: isPattern ? undefined : tokens.join('.'),
      validator: typeof validator === 'function' ? validator : validatorOf(validator),
    }
    this.#entries.add(entry)
    return () => {
      this.#entries.delete(entry)
    }
  }

  /** Whether any of them has a say in a change of these paths. */
  concern(paths: readonly string[]): boolean {
    for (const entry of this.#entries) if (pathsFor(entry, paths).length > 0) return true
    return false
  }

  /** The reason to refuse a change, or nothing. Never rejects. */
  async check(
    candidate: Candidate,
    { host, timeoutMs }: { readonly host: Host; readonly timeoutMs: number },
  ): Promise<Omit<Refusal, 'node'> | undefined> {
    const runs = [...this.#entries].flatMap((entry) =>
      pathsFor(entry, candidate.paths).map((path) => run(entry.validator, path, candidate)),
    )
    try {
      await within(host, Promise.all(runs), { what: 'the validators', timeoutMs })
      return undefined
    } catch (thrown) {
      const reason = toError(thrown).message.slice(0, reasonMaxLength)
      return { kind: 'validator', reason }
    }
  }
}

/** The paths whose value a validator must see: a change above or below its own path changes that too. */
function pathsFor({ path, tokens }: Entry, changed: readonly string[]): readonly string[] {
  if (path === undefined) return changed.filter((one) => matchesPattern(tokens, tokensOf(one)))
  return changed.some((one) => overlap(one, path)) ? [path] : []
}

async function run(
  validator: Validator,
  path: string,
  { before, after }: Candidate,
): Promise<void> {
  const value = valueAt(after, tokensOf(path))
  // A setting that is deleted has no value to be wrong.
  if (value === undefined) return
  const get = (other: string): unknown => valueAt(after, tokensOf(other))
  try {
    await validator(value, { path, previous: valueAt(before, tokensOf(path)), get })
  } catch (thrown) {
    throw new Error(`"${path}": ${toError(thrown).message}`, { cause: thrown })
  }
}

function validatorOf(schema: StandardSchema): Validator {
  return async (value) => {
    const result = await schema['~standard'].validate(value)
    if (!result.issues) return
    const issues = result.issues.slice(0, 5).map(({ message, path = [] }) => {
      const keys = path.map((part) => String(typeof part === 'object' ? part.key : part))
      return keys.length > 0 ? `${keys.join('.')}: ${message}` : message
    })
    throw new Error(issues.join('; '))
  }
}
