/**
 * Finds the cluster secret: given, in the environment, in a file, or made on first use in a file of
 * this user, so that all processes of one user on one machine share it.
 * No message of this file holds a part of the secret.
 */
import { constants } from 'node:fs'
import { link, mkdir, open, unlink, type FileHandle } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { FoundationError, isFoundationError, toError } from './errors.ts'
import { Keyring } from './keyring.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Where to look. */
export interface SecretSources {
  /** The `secret` option: one secret, or a keyring, best first. */
  readonly secret?: string | readonly string[] | undefined
  readonly env: Environment
  /** Holds the file `secret`; instead of the `foundation` folder in the user's config folder. */
  readonly configFolder?: string | undefined
  readonly randomBytes: (count: number) => Uint8Array
}

/** The keyring found. */
export interface ResolvedKeyring {
  readonly keyring: Keyring
  /** For people: the name of the option, of the variable, or the path of the file. */
  readonly origin: string
}

const fileMaxBytes = 64 * 1024
const secretBytes = 32

/**
 * The keyring of this process: the option, else `FOUNDATION_SECRET` (a comma between secrets), else
 * `FOUNDATION_SECRET_FILE` (one secret a line), else the user's own file, made if absent.
 *
 * @throws {FoundationError} `FND_SECRET_INVALID`: a secret is weak, a source is empty, a file cannot
 *   be read or made, or others could read it; the message has the command that helps.
 */
export async function resolveKeyring(sources: SecretSources): Promise<ResolvedKeyring> {
  const { secret, env, configFolder, randomBytes } = sources
  if (secret !== undefined) return keyringFrom('option "secret"', [secret].flat())
  const inline = env['FOUNDATION_SECRET']
  if (inline !== undefined) return keyringFrom('FOUNDATION_SECRET', inline.split(','))
  const file = secretFilePath(env, configFolder)
  const isNamed = env['FOUNDATION_SECRET_FILE'] !== undefined
  if (!isNamed) await makeOnce(file, randomBytes)
  return keyringFrom(file, (await readPrivately(file, isNamed)).split('\n'))
}

/**
 * The file a secret is read from when none is given: `FOUNDATION_SECRET_FILE`, else `secret` in
 * `$XDG_CONFIG_HOME/foundation` or `~/.config/foundation`.
 */
export function secretFilePath(env: Environment, configFolder?: string): string {
  const named = env['FOUNDATION_SECRET_FILE']
  if (named !== undefined) return path.resolve(named)
  if (configFolder !== undefined) return path.resolve(configFolder, 'secret')
  const xdg = env['XDG_CONFIG_HOME']
  // The XDG rules say that a relative path is to be ignored.
  const base =
    xdg !== undefined && path.isAbsolute(xdg) ? xdg : path.join(env['HOME'] ?? homedir(), '.config')
  return path.join(base, 'foundation', 'secret')
}

function keyringFrom(origin: string, secrets: readonly string[]): ResolvedKeyring {
  const given = secrets.map((secret) => secret.trim()).filter((secret) => secret !== '')
  if (given.length === 0) throw refusal(`${origin} is empty; make a secret: foundation secret new`)
  try {
    return { keyring: new Keyring(given), origin }
  } catch (error) {
    throw isFoundationError(error) ? refusal(`${error.message} (from ${origin})`) : error
  }
}

/**
 * Makes the file unless it is there. It appears whole or not at all, and of several processes that
 * try at once one wins: a link to a name that exists fails.
 */
async function makeOnce(file: string, randomBytes: SecretSources['randomBytes']): Promise<void> {
  if (await exists(file)) return
  const draft = `${file}.${Buffer.from(randomBytes(8)).toString('hex')}.tmp`
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
    await writePrivately(draft, `${Buffer.from(randomBytes(secretBytes)).toString('base64url')}\n`)
    await link(draft, file).finally(() => unlink(draft))
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return
    const advice =
      'set FOUNDATION_SECRET, the same on every node; a good one: foundation secret new'
    const message = `Cannot make ${file} (${codeOf(error)}); ${advice}`
    throw new FoundationError('FND_SECRET_INVALID', message, {
      details: { reason: 'cannot-make' },
      cause: error,
    })
  }
}

async function writePrivately(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await (await openToRead(file)).close()
    return true
  } catch (error) {
    return !['ENOENT', 'ENOTDIR'].includes(codeOf(error))
  }
}

async function readPrivately(file: string, isNamed: boolean): Promise<string> {
  let handle: FileHandle | undefined
  try {
    handle = await openToRead(file)
    await assertPrivate(file, handle, isNamed)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(fileMaxBytes), 0, fileMaxBytes, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } catch (error) {
    throw isFoundationError(error) ? error : unreadable(file, error)
  } finally {
    await handle?.close()
  }
}

/** Asks the open file, not its name, which could be given to another file in between. */
async function assertPrivate(file: string, handle: FileHandle, isNamed: boolean): Promise<void> {
  const { uid, mode, size } = await handle.stat()
  if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw refusal(`${file} is not a file`)
  if (size > fileMaxBytes) throw refusal(`${file} is too large for a file of secrets`)
  // Windows has neither owners nor modes of this kind.
  const selfUid = process.getuid?.()
  if (selfUid === undefined) return
  const problem = secretFileProblem({ uid, mode }, selfUid, isNamed)
  if (problem === 'writable' || problem === 'readable') {
    const what = problem === 'writable' ? 'change' : 'read'
    throw refusal(`Other users can ${what} the secret in ${file}; run: chmod 600 ${quoted(file)}`)
  }
  if (problem === 'foreign') {
    throw refusal(
      `${file} belongs to another user; run: sudo chown ${String(selfUid)} ${quoted(file)}`,
    )
  }
}

/**
 * Why a file of secrets is not to be trusted. One that was named and belongs to root may be read by
 * others: it is a secret that Docker or Kubernetes mounted (0444, 0644), which only this container
 * sees and nobody in it can change. Pure.
 */
export function secretFileProblem(
  { uid, mode }: { readonly uid: number; readonly mode: number },
  selfUid: number,
  isNamed: boolean,
): 'foreign' | 'writable' | 'readable' | undefined {
  const isMounted = isNamed && uid === 0
  if (uid !== selfUid && !isMounted) return 'foreign'
  if ((mode & 0o022) !== 0) return 'writable'
  return (mode & 0o077) !== 0 && !isMounted ? 'readable' : undefined
}

/** Does not wait for the writer of a named pipe. */
function openToRead(file: string): Promise<FileHandle> {
  return open(file, constants.O_RDONLY | constants.O_NONBLOCK)
}

function unreadable(file: string, error: unknown): FoundationError {
  const code = codeOf(error)
  const advice =
    code === 'EACCES' ? `run, as its owner: chmod 600 ${quoted(file)}` : 'check the path'
  return refusal(`Cannot read the secret in ${file} (${code}); ${advice}`, error)
}

/** A path as one word of a shell command. */
function quoted(file: string): string {
  return /^[\w./-]+$/.test(file) ? file : `'${file.replaceAll("'", `'\\''`)}'`
}

function refusal(message: string, cause?: unknown): FoundationError {
  return new FoundationError('FND_SECRET_INVALID', message, cause === undefined ? {} : { cause })
}

function codeOf(thrown: unknown): string {
  const error = toError(thrown)
  return 'code' in error ? String(error.code) : error.message
}
