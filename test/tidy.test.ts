/** The house rules that no linter knows, as a test. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { layers } from '../layers.mjs'
import { frameKinds, messageCodes } from '../src/wire/index.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8')

function filesOf(folder: string): string[] {
  if (!existsSync(path.join(root, folder))) return []
  return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .filter((file) => !file.includes('node_modules'))
}

const source = filesOf('src').filter((file) => !file.endsWith('.test.ts'))
const everything = [...filesOf('src'), ...filesOf('test'), ...filesOf('examples')]

describe('names', () => {
  it('of files say a concept, never utils, helpers, common, misc, manager, base or impl', () => {
    const banned = /(^|[/.-])(utils?|helpers?|common|misc|manager|base|impl)([.-]|$)/
    assert.deepEqual(
      source.filter((file) => banned.test(file)),
      [],
    )
  })

  it('of number options with a dimension end in their unit', () => {
    const unitless = /(interval|timeout|delay|after|margin|period|size|length|age)$/i
    const offenders = source.flatMap((file) =>
      [...read(file).matchAll(/^\s+(\w+): (?:integer|number)\(/gm)]
        .map(([, name]) => name ?? '')
        .filter((name) => unitless.test(name))
        .map((name) => `${file}: ${name}`),
    )
    assert.deepEqual(offenders, [])
  })
})

describe('layers', () => {
  it('has an entry in ARCHITECTURE.md for each folder of src/, and lists each folder', () => {
    const page = read('ARCHITECTURE.md')
    const folders = readdirSync(path.join(root, 'src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
    const listed = layers.flat()
    assert.deepEqual(
      folders.filter((folder) => !listed.includes(folder)),
      [],
    )
    const headings = [...page.matchAll(/^### (.+)$/gm)].flatMap(([, title]) =>
      (title ?? '').split(', '),
    )
    assert.deepEqual(
      folders.filter((folder) => !headings.includes(folder)),
      [],
    )
    assert.ok(page.split('\n').length <= 200, 'ARCHITECTURE.md stays under 200 lines')
  })
})

describe('engines', () => {
  // Setup turns the word of the option into an engine, and the demo starts a broker.
  const choose = /^src\/(transport|setup|cli\/demo)\//
  const above = source.filter((file) => !choose.test(file))

  it('have no name above the transport: capabilities are asked, kinds are only shown', () => {
    const branch =
      /\b(engine|transport)\w*(\?)?\.kind\s*[!=]==?|[!=]==?\s*\w*([eE]ngine|[tT]ransport)\w*\.kind|switch \(.*(engine|transport)\w*\.kind|(case|[!=]==?) '(mesh|nats|memory)'|'(mesh|nats|memory)' [!=]==?/
    assert.deepEqual(
      above.filter((file) => branch.test(read(file))),
      [],
    )
  })

  it('have no name in tests of clusters and processes either: those say what they need', () => {
    const tests = ['cluster', 'process'].flatMap((folder) => filesOf(path.join('test', folder)))
    const named = /TEST_ENGINE|(case|[!=]==?) '(mesh|nats|memory)'|'(mesh|nats|memory)' [!=]==?/
    assert.deepEqual(
      tests.filter((file) => named.test(read(file))),
      [],
    )
  })

  it('are told apart by no class of theirs, and an optional one is loaded by nobody above', () => {
    const known = /instanceof \w*(Mesh|Nats|Memory)\w*|transport\/(mesh|nats|memory)\//
    assert.deepEqual(
      above.filter((file) => known.test(read(file))),
      [],
    )
  })
})

describe('numbers on the wire', () => {
  for (const [name, table] of Object.entries({ messageCodes, frameKinds })) {
    it(`of ${name} are unique and fit a byte`, () => {
      const codes = Object.values(table)
      assert.equal(new Set(codes).size, codes.length)
      assert.ok(codes.every((code) => Number.isInteger(code) && code > 0 && code < 256))
    })
  }
})

describe('loose ends', () => {
  it('are absent: no switched-off test, no unfinished note, no path of a machine', () => {
    const banned = /\b(?:TODO|FIXME|XXX)\b|\.only\(|\b(?:it|test|describe)\.skip|["'`]\/root\//
    // Of this machine: where the checkout and the home of its user are.
    const folders = [path.resolve(root), homedir()].filter((folder) => folder.length > 1)
    const names = (text: string): boolean => folders.some((folder) => text.includes(`${folder}/`))
    const self = path.join('test', 'tidy.test.ts')
    const offenders = everything.filter(
      (file) => file !== self && (banned.test(read(file)) || names(read(file))),
    )
    assert.deepEqual(offenders, [])
  })

  it('are absent: every folder of src/ but the doors has tests beside its code', () => {
    const folders = layers.flat().filter((folder) => filesOf(path.join('src', folder)).length > 0)
    const untested = folders.filter(
      (folder) => !filesOf(path.join('src', folder)).some((file) => file.endsWith('.test.ts')),
    )
    assert.deepEqual(untested, [])
  })
})

describe('generated pages', () => {
  for (const script of ['options-page.mjs', 'cli-page.mjs', 'libcluster-page.mjs']) {
    it(`say what the code says: ${script}`, () => {
      const file = path.join(root, 'scripts', script)
      const { status, stderr } = spawnSync(process.execPath, [file, '--check'], {
        encoding: 'utf8',
      })
      assert.equal(status, 0, stderr)
    })
  }
})

describe('CHANGELOG.md', () => {
  it('has an Unreleased section', () => {
    assert.match(read('CHANGELOG.md'), /^## Unreleased$/m)
  })
})
