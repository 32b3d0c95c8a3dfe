/** Every TypeScript block of the README and the guides compiles against the code as it is. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))
const guides = readdirSync(path.join(root, 'docs', 'guides')).map((name) => `docs/guides/${name}`)
const pages = ['README.md', ...guides]

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

function blocksOf(page: string): Block[] {
  const text = readFileSync(path.join(root, page), 'utf8')
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code], index) => ({
    file: path.join(root, 'test', `${page.replaceAll(/\W/g, '-')}-${String(index + 1)}.ts`),
    text: `${code ?? ''}\nexport {}\n`,
  }))
}

function problemsOf(blocks: readonly Block[]): string[] {
  const options: ts.CompilerOptions = {
    ...compilerOptions(),
    paths: {
      'foundation-ts': [path.join(root, 'src/index.ts')],
      'foundation-ts/testing': [path.join(root, 'src/testing/index.ts')],
    },
  }
  const files = new Map(blocks.map(({ file, text }) => [file, text]))
  files.set(path.join(root, 'test', 'prelude.ts'), prelude)
  const host = ts.createCompilerHost(options)
  const disk = { ...host }
  host.fileExists = (file) => files.has(file) || disk.fileExists(file)
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
