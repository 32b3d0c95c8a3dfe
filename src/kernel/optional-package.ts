/**
 * Packages a user installs only for what they use: found and loaded when needed, never at start.
 * The name is an argument, so that bundlers leave it alone and do not ask for a package nobody needs.
 */
import { FoundationError, toError } from './errors.ts'

/**
 * Loads an optional package.
 *
 * @param name   as on npm: `pg`.
 * @param usedBy what needs it, for the message: `the strategy "postgres"`.
 * @throws {FoundationError} `FND_PACKAGE_MISSING`, with the install command, when it is not installed
 *   or cannot be loaded.
 */
export async function importPackage(name: string, usedBy: string): Promise<unknown> {
  try {
    const loaded = (await import(name)) as Readonly<Record<string, unknown>>
    return loaded['default'] ?? loaded
  } catch (thrown) {
    const cause = toError(thrown)
    const isMissing = 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND'
    const why = isMissing ? 'which is not installed' : `which cannot be loaded (${cause.message})`
    const message = `${usedBy} needs the package "${name}", ${why}; run: npm install ${name}`
    throw new FoundationError('FND_PACKAGE_MISSING', message, { details: { package: name }, cause })
  }
}

/** True when a package of this name is installed where this one can import it. Loads nothing. */
export function isPackageInstalled(name: string): boolean {
  try {
    import.meta.resolve(name)
    return true
  } catch {
    return false // That is the answer.
  }
}
