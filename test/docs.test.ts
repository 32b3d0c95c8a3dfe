/** Every TypeScript block of the README, the pages of docs/ and the guides compiles against the code as it is. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { commands } from '../src/cli/commands.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const pages = ['README.md', ...pagesIn('docs'), ...pagesIn('docs/guides')]

/** What the pages' fragments take for granted. */
const prelude = `
import type { FoundationNode } from 'foundation-ts'
declare global {
  const node: FoundationNode
  const startNode: typeof import('foundation-ts').startNode
  const log: { warn(...words: unknown[]): void }
  function flush(prefix: unknown, signal: AbortSignal): Promise<void>
}
`

interface Block {
  readonly file: string
  readonly text: string
}

describe('code in the documentation', () => {
  const blocks = pages.flatMap((page) => blocksOf(page))

  it('is there', () => {
    assert.ok(blocks.length >= 4)
  })

  it('compiles', () => {
    assert.deepEqual(problemsOf(blocks), [])
  })
})

describe('commands in the documentation', () => {
  it('exist', () => {
    const named = pages.flatMap((page) =>
      [...read(page).matchAll(/^.*\bnpx foundation (\w+)/gm)].map(([, name]) => name ?? ''),
    )
    assert.ok(named.length >= 5)
    assert.deepEqual(
      named.filter((name) => !commands.has(name)),
      [],
    )
  })
})

function read(page: string): string {
  return readFileSync(path.join(root, page), 'utf8')
}

function pagesIn(folder: string): string[] {
  const names = readdirSync(path.join(root, folder)).filter((name) => name.endsWith('.md'))
  return names.map((name) => `${folder}/${name}`)
}

function blocksOf(page: string): Block[] {
  const text = read(page)
  const place = path.join(root, 'test', page.replaceAll(/\W/g, '-'))
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = ''], index) => {
    // Blocks that begin with a file name may import each other.
    const [, name = `${String(index + 1)}.ts`] = /^\/\/ ([\w.-]+\.ts)\n/.exec(code) ?? []
    return { file: path.join(place, name), text: `${code}\nexport {}\n` }
  })
}

function problemsOf(blocks: readonly Block[]): string[] {
  const options: ts.CompilerOptions = {
    ...compilerOptions(),
    paths: {
      'foundation-ts': [path.join(root, 'src/index.ts')],
      'foundation-ts/discovery': [path.join(root, 'src/discovery/door.ts')],
      'foundation-ts/integrations/socket.io': [path.join(root, 'src/integrations/socket-io.ts')],
      'foundation-ts/transport/nats': [path.join(root, 'src/transport/nats/index.ts')],
      'foundation-ts/testing': [path.join(root, 'src/testing/index.ts')],
      'foundation-ts/integrations/*': [path.join(root, 'src/integrations/*.ts')],
    },
  }
  const files = new Map(blocks.map(({ file, text }) => [file, text]))
  files.set(path.join(root, 'test', 'prelude.ts'), prelude)
  const host = ts.createCompilerHost(options)
  const disk = { ...host }
  host.fileExists = (file) => files.has(file) || disk.fileExists(file)
  const folders = new Set([...files.keys()].map((file) => path.dirname(file)))
  host.directoryExists = (folder) => folders.has(folder) || disk.directoryExists?.(folder) === true
  host.readFile = (file) => files.get(file) ?? disk.readFile(file)
  host.getSourceFile = (file, ...rest) => {
    const text = files.get(file)
    if (text === undefined) return disk.getSourceFile(file, ...rest)
    return ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true)
  }
  const program = ts.createProgram([...files.keys()], options, host)
  return [...files.keys()].flatMap((file) => {
    const source = program.getSourceFile(file)
    const found = [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ]
    return found.map(
      (problem) =>
        `${path.basename(file)}: ${ts.flattenDiagnosticMessageText(problem.messageText, ' ')}`,
    )
  })
}

function compilerOptions(): ts.CompilerOptions {
  const file = path.join(root, 'tsconfig.json')
  const { config } = ts.readConfigFile(file, (name) => readFileSync(name, 'utf8')) as {
    config: unknown
  }
  return {
    ...ts.parseJsonConfigFileContent(config, ts.sys, root).options,
    isolatedDeclarations: false,
    declaration: false,
  }
}
