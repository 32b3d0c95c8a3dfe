/**
 * The interface by which schema libraries (zod, valibot, arktype, ...) can be used without knowing
 * them. Types only, and one call.
 * @source Standard Schema, version 1: https://standardschema.dev
 */
import { FoundationError } from '../kernel/index.ts'

/** A schema of any library that follows the standard. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (
      value: unknown,
    ) => StandardResult<Output> | PromiseLike<StandardResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** What a schema says of a value. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] }

/** One thing that is wrong with a value. */
export interface StandardIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/**
 * The value as the schema gives it back.
 *
 * @throws {FoundationError} `FND_MESSAGE_INVALID` with `details.issues`; also when the schema
 *   validates asynchronously, which would break the order of messages.
 */
export function validated<Input, Output>(
  schema: StandardSchema<Input, Output>,
  value: unknown,
  what: string,
): Output {
  const result = schema['~standard'].validate(value)
  if ('then' in result) {
    const message = `${what}: its schema validates asynchronously; only synchronous ones keep order`
    throw new FoundationError('FND_MESSAGE_INVALID', message)
  }
  if (!result.issues) return result.value
  const issues = result.issues.map(textOf)
  const message = `${what} does not match its schema: ${issues.slice(0, 5).join('; ')}`
  throw new FoundationError('FND_MESSAGE_INVALID', message, { details: { issues } })
}

function textOf({ message, path = [] }: StandardIssue): string {
  const keys = path.map((part) => String(typeof part === 'object' ? part.key : part))
  return keys.length > 0 ? `${keys.join('.')}: ${message}` : message
}
