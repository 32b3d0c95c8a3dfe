/** The files of docs/guides/custom-strategy.md, taken from the page and run as a user would. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { it } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const page = path.join(root, 'docs', 'guides', 'custom-strategy.md')

it('docs/guides/custom-strategy.md: its files work', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'foundation-guide-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }')
  const text = await readFile(page, 'utf8')
  const blocks = [...text.matchAll(/^```ts\n\/\/ ([\w.-]+)\n([\s\S]*?)^```$/gm)]
  for (const [, name = '', code = ''] of blocks) {
    await writeFile(path.join(folder, name), fromSource(code))
  }
  const env = {
    ...process.env,
    FOUNDATION_SECRET: 'a secret for the guide 0123456',
    NODE_TEST_CONTEXT: undefined,
  }
  const args = ['--test', '--test-reporter=tap', 'strategies.test.ts']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    env,
    encoding: 'utf8',
    timeout: 100_000,
  })
  assert.equal(status, 0, stdout + stderr)
  assert.match(stdout, /^# tests 8$/m)
})

/** The package's doors are the sources here: nothing is built yet when tests run. */
function fromSource(code: string): string {
  const door = (file: string): string => `'${pathToFileURL(path.join(root, 'src', file)).href}'`
  return code
    .replaceAll("'foundation-ts/testing'", door('testing/index.ts'))
    .replaceAll("'foundation-ts'", door('index.ts'))
}
