import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, describe, it } from 'node:test'
import { text } from 'node:stream/consumers'
import type { FoundationError } from './errors.ts'
import { Keyring } from './keyring.ts'
import {
  resolveKeyring,
  secretFilePath,
  secretFileProblem,
  type ResolvedKeyring,
} from './secret-file.ts'

const secret = 'a-secret-nobody-would-guess'
const other = 'another-secret-nobody-guesses'
const folders: string[] = []
after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true })
})

async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'foundation-secret-'))
  folders.push(folder)
  return folder
}

function resolve(
  env: Record<string, string>,
  more: { secret?: string | string[]; configFolder?: string } = {},
): Promise<ResolvedKeyring> {
  return resolveKeyring({ env, randomBytes, ...more })
}

const fingerprint = (...secrets: string[]): string => new Keyring(secrets).fingerprint

/** A file of secrets with the mode. */
async function fileOf(content: string, mode = 0o600): Promise<string> {
  const file = path.join(await tempFolder(), 'secrets')
  await writeFile(file, content)
  await chmod(file, mode)
  return file
}

describe('resolveKeyring', () => {
  it('takes the option first, then FOUNDATION_SECRET, then FOUNDATION_SECRET_FILE', async () => {
    const file = await fileOf('a-secret-in-a-file-0123456789')
    const env = { FOUNDATION_SECRET: other, FOUNDATION_SECRET_FILE: file }
    const byOption = await resolve(env, { secret })
    assert.equal(byOption.keyring.fingerprint, fingerprint(secret))
    assert.equal(byOption.origin, 'option "secret"')
    const byVariable = await resolve(env)
    assert.equal(byVariable.keyring.fingerprint, fingerprint(other))
    assert.equal(byVariable.origin, 'FOUNDATION_SECRET')
    const byFile = await resolve({ FOUNDATION_SECRET_FILE: file })
    assert.equal(byFile.keyring.fingerprint, fingerprint('a-secret-in-a-file-0123456789'))
    assert.equal(byFile.origin, file)
  })

  it('reads a keyring from a list, from commas, from lines', async () => {
    const file = await fileOf(`${secret}\r\n\n  ${other}\n`)
    const rings = [
      await resolve({}, { secret: [secret, other] }),
      await resolve({ FOUNDATION_SECRET: `${secret}, ${other}` }),
      await resolve({ FOUNDATION_SECRET_FILE: file }),
    ]
    const expected = new Keyring([secret, other]).keys.map(({ id }) => id)
    for (const { keyring } of rings)
      assert.deepEqual(
        keyring.keys.map(({ id }) => id),
        expected,
      )
  })
})

describe('the secret made on first use', () => {
  it('is private, and found again', async () => {
    const home = await tempFolder()
    const first = await resolve({ HOME: home })
    const file = path.join(home, '.config', 'foundation', 'secret')
    assert.equal(first.origin, file)
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    assert.equal((await stat(path.dirname(file))).mode & 0o777, 0o700)
    assert.equal(Buffer.from((await readFile(file, 'utf8')).trim(), 'base64url').length, 32)
    const second = await resolve({ HOME: home })
    assert.equal(second.keyring.fingerprint, first.keyring.fingerprint)
    assert.deepEqual(await readdir(path.dirname(file)), ['secret'])
  })

  it('is the same for processes that start at once', async () => {
    const home = await tempFolder()
    const module = new URL('secret-file.ts', import.meta.url).href
    const program = `
      import { randomBytes } from 'node:crypto'
      import { resolveKeyring } from ${JSON.stringify(module)}
      process.stdin.once('data', async () => {
        const { keyring } = await resolveKeyring({ env: process.env, randomBytes })
        process.stdout.write(keyring.fingerprint)
        process.exit()
      })
      process.stderr.write('ready')`
    const children = Array.from({ length: 5 }, () =>
      spawn(process.execPath, ['--input-type=module', '-e', program], { env: { HOME: home } }),
    )
    const shown = children.map(({ stdout }) => text(stdout))
    await Promise.all(children.map(({ stderr }) => once(stderr, 'data')))
    for (const { stdin } of children) stdin.end('go')
    const found = await Promise.all(shown)
    assert.match(found[0] ?? '', /^[0-9a-f]{4}-/)
    assert.equal(new Set(found).size, 1, found.join(' '))
  })

  it('is the same for concurrent calls', async () => {
    const env = { HOME: await tempFolder() }
    const found = await Promise.all(Array.from({ length: 20 }, () => resolve(env)))
    assert.equal(new Set(found.map(({ keyring }) => keyring.fingerprint)).size, 1)
  })
})

describe('a secret others could read', () => {
  it('is refused by owner and mode, but for a file of root that was named: a mounted one', () => {
    const self = 1_000
    const problems: readonly (readonly [number, number, boolean, string | undefined])[] = [
      [self, 0o600, true, undefined],
      [self, 0o400, false, undefined],
      [self, 0o644, true, 'readable'],
      [self, 0o640, false, 'readable'],
      [self, 0o620, true, 'writable'],
      [0, 0o444, true, undefined],
      [0, 0o644, true, undefined],
      [0, 0o440, true, undefined],
      [0, 0o664, true, 'writable'],
      [0, 0o646, true, 'writable'],
      [0, 0o444, false, 'foreign'],
      [12_345, 0o444, true, 'foreign'],
    ]
    for (const [uid, mode, isNamed, problem] of problems) {
      const file = `uid ${String(uid)}, mode ${mode.toString(8)}, named ${String(isNamed)}`
      assert.equal(secretFileProblem({ uid, mode: 0o100_000 | mode }, self, isNamed), problem, file)
    }
    assert.equal(secretFileProblem({ uid: 0, mode: 0o644 }, 0, true), undefined)
    assert.equal(secretFileProblem({ uid: 0, mode: 0o644 }, 0, false), 'readable')
  })

  for (const mode of [0o620, 0o602, 0o666]) {
    it(`is refused in a file of mode ${mode.toString(8)}, with the command that helps`, async () => {
      const file = await fileOf(secret, mode)
      await assert.rejects(resolve({ FOUNDATION_SECRET_FILE: file }), (error: Error) => {
        assert.equal((error as Error & { code: string }).code, 'FND_SECRET_INVALID')
        assert.ok(error.message.includes(`chmod 600 ${file}`), error.message)
        return true
      })
    })
  }

  it('cannot be made where nothing can be written: told apart from a secret that is no good', async () => {
    const unwritable = await fileOf('')
    await assert.rejects(resolve({ HOME: unwritable }), (error: FoundationError) => {
      assert.equal(error.code, 'FND_SECRET_INVALID')
      assert.match(error.message, /Cannot make .*FOUNDATION_SECRET/)
      return error.details?.['reason'] === 'cannot-make'
    })
  })

  it('is refused in the own file too', async () => {
    const configFolder = await tempFolder()
    await resolve({}, { configFolder })
    await chmod(path.join(configFolder, 'secret'), 0o644)
    await assert.rejects(resolve({}, { configFolder }), { message: /chmod 600/ })
  })

  it('is refused with a path quoted for a shell', async () => {
    const folder = path.join(await tempFolder(), `my mother's`)
    await mkdir(folder)
    await writeFile(path.join(folder, 'secret'), secret, { mode: 0o644 })
    const quoted = `chmod 600 '${folder.replace("'", String.raw`'\''`)}/secret'`
    await assert.rejects(resolve({}, { configFolder: folder }), (error: Error) =>
      error.message.includes(quoted),
    )
  })

  it('is refused in a file of another user', { skip: rootOnly() }, async () => {
    const file = await fileOf(secret)
    const { chown } = await import('node:fs/promises')
    await chown(file, 12345, 12345)
    await assert.rejects(resolve({ FOUNDATION_SECRET_FILE: file }), {
      code: 'FND_SECRET_INVALID',
      message: /belongs to another user; run: sudo chown 0 /,
    })
  })
})

describe('a source without a good secret', () => {
  const bad: readonly (readonly [string, () => Promise<ResolvedKeyring>, RegExp])[] = [
    ['a file that is not there', () => resolve({ FOUNDATION_SECRET_FILE: '/no/such' }), /ENOENT/],
    ['a folder', async () => resolve({ FOUNDATION_SECRET_FILE: await tempFolder() }), /not a file/],
    [
      'an empty file',
      async () => resolve({ FOUNDATION_SECRET_FILE: await fileOf(' \n\n') }),
      /is empty/,
    ],
    [
      'a file with a weak secret',
      async () => resolve({ FOUNDATION_SECRET_FILE: await fileOf('hunter2!') }),
      /has 8 bytes.*secrets/,
    ],
    [
      'a huge file',
      async () => resolve({ FOUNDATION_SECRET_FILE: await fileOf('x'.repeat(70_000)) }),
      /too large/,
    ],
    ['an empty variable', () => resolve({ FOUNDATION_SECRET: '' }), /FOUNDATION_SECRET is empty/],
    ['an empty list', () => resolve({}, { secret: [] }), /is empty/],
    ['a weak option', () => resolve({}, { secret: 'hunter2!' }), /option "secret"/],
    [
      'a config folder that cannot be made',
      () => resolve({}, { configFolder: '/dev/null/x' }),
      /set FOUNDATION_SECRET/,
    ],
  ]
  for (const [what, attempt, message] of bad) {
    it(`is refused without showing it: ${what}`, async () => {
      await assert.rejects(attempt(), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'FND_SECRET_INVALID')
        assert.match(error.message, message)
        assert.ok(!`${error.message}${error.stack ?? ''}`.includes('hunter2'))
        return true
      })
    })
  }
})

describe('secretFilePath', () => {
  it('follows FOUNDATION_SECRET_FILE, then XDG_CONFIG_HOME when absolute, then HOME', () => {
    const home = { HOME: '/home/u' }
    assert.equal(secretFilePath(home), '/home/u/.config/foundation/secret')
    const xdg = { ...home, XDG_CONFIG_HOME: '/x' }
    assert.equal(secretFilePath(xdg), '/x/foundation/secret')
    const relative = { ...home, XDG_CONFIG_HOME: 'x' }
    assert.equal(secretFilePath(relative), '/home/u/.config/foundation/secret')
    assert.equal(secretFilePath({ ...xdg, FOUNDATION_SECRET_FILE: '/s' }), '/s')
    assert.equal(secretFilePath(xdg, '/folder'), '/folder/secret')
  })
})

/** The reason to skip what only root can set up. */
function rootOnly(): string | false {
  return process.getuid?.() === 0 ? false : 'only root can give a file to another user'
}
