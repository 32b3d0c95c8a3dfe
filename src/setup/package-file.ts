/** The nearest package.json: the app's name, and settings under its `foundation` key. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { FoundationError, invalid, toError } from '../kernel/index.ts'
import { nothing, sourceFrom, type Source } from './source.ts'

/** A package.json and what Foundation reads in it. */
export interface PackageFile {
  readonly file: string
  readonly content: { readonly name?: unknown; readonly foundation?: unknown }
}

/** The package.json of this folder, or of the nearest one above that has one. */
export function nearestPackage(folder: string): PackageFile | undefined {
  const file = path.join(folder, 'package.json')
  const text = readIfThere(file)
  if (text !== undefined) return { file, content: parse(text, file) }
  const parent = path.dirname(folder)
  return parent === folder ? undefined : nearestPackage(parent)
}

/** @throws {FoundationError} `FND_OPTION_INVALID` when the key holds something else than options. */
export function packageOptions(found: PackageFile | undefined): Source {
  const values = found?.content.foundation
  if (!found || values === undefined) return nothing
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw invalid('foundation', `expected an object in ${found.file}`, values)
  }
  return sourceFrom(found.file, values)
}

/** The package's name is the app unless something else is said. */
export function appOf(found: PackageFile | undefined): Source {
  const name = found?.content.name
  return found && typeof name === 'string' ? sourceFrom(found.file, { app: name }) : nothing
}

function parse(text: string, file: string): PackageFile['content'] {
  try {
    return JSON.parse(text) as PackageFile['content']
  } catch (cause) {
    throw new FoundationError(
      'FND_OPTION_INVALID',
      `${file} is not valid JSON: ${toError(cause).message}`,
      { cause },
    )
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined // Absent or unreadable: the next folder up decides.
  }
}
