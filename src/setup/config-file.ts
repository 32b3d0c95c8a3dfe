/**
 * `foundation.config.{js,mjs,ts,json}`: settings that need code, or a file of their own. Looked for
 * from the working folder up to the folder of the nearest package.json and never above it: a file
 * that is run must belong to the project.
 */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { FoundationError, toError } from '../kernel/index.ts'
import { nothing, sourceFrom, type Source } from './source.ts'

const extensions = ['js', 'mjs', 'ts', 'json'] as const

/**
 * The options of the project's configuration file.
 *
 * @param root the highest folder to look in.
 * @throws {FoundationError} `FND_OPTION_INVALID`: two files in one folder, one that cannot be loaded
 *   (TypeScript on a Node that does not run it, an error in it), or one that gives no object.
 */
export async function configFileOptions(folder: string, root: string): Promise<Source> {
  const file = findConfigFile(folder, root)
  if (file === undefined) return nothing
  const options = file.endsWith('.json') ? readJson(file) : await load(file)
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) {
    return sourceFrom(file, options)
  }
  throw refusal(`${file}: expected its default export to be an object with options`)
}

function findConfigFile(folder: string, root: string): string | undefined {
  const [first, second] = extensions
    .map((extension) => path.join(folder, `foundation.config.${extension}`))
    .filter((file) => existsSync(file))
  if (first !== undefined && second !== undefined) {
    throw refusal(`${first} and ${path.basename(second)} are both there; keep one of them`)
  }
  if (first !== undefined || folder === root) return first
  return findConfigFile(path.dirname(folder), root)
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw refusal(`${file} cannot be read: ${toError(cause).message}`, cause)
  }
}

async function load(file: string): Promise<unknown> {
  try {
    const module = (await import(pathToFileURL(file).href)) as { default?: unknown }
    return module.default
  } catch (cause) {
    throw refusal(`${file} cannot be loaded: ${explain(cause)}`, cause)
  }
}

/** Whether a Node runs TypeScript shows when it is asked to: loaders can teach it. */
function explain(cause: unknown): string {
  const error = toError(cause)
  const code = 'code' in error ? error.code : undefined
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return (
      `this Node (${process.version}) does not run TypeScript; ` +
      'use Node 22.18 or later, or write foundation.config.mjs'
    )
  }
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
    return `${error.message}; Node runs only TypeScript whose types can be erased`
  }
  return error.message
}

function refusal(message: string, cause?: unknown): FoundationError {
  return new FoundationError('FND_OPTION_INVALID', message, cause === undefined ? {} : { cause })
}
