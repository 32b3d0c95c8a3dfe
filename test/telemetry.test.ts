/** The catalogue of telemetry against the code that publishes it, and the page against the catalogue. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { telemetryEvents, telemetrySpans } from '../src/kernel/index.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const tables = path.join('src', 'kernel', 'telemetry-tables')
const source = globSync('src/**/*.ts', { cwd: root })
  .filter((file) => !file.endsWith('.test.ts') && path.dirname(file) !== tables)
  .map((file) => readFileSync(path.join(root, file), 'utf8'))
  .join('\n')

describe('every telemetry event and span', () => {
  // That nothing else is published is the compiler's to say: names are keys of the table.
  it('is published somewhere', () => {
    const names = [...Object.keys(telemetryEvents), ...Object.keys(telemetrySpans)]
    assert.deepEqual(
      names.filter((name) => !source.includes(`'${name}'`)),
      [],
    )
  })

  it('is on the page docs/reference/telemetry.md', () => {
    const script = path.join(root, 'scripts', 'telemetry-page.mjs')
    const { status, stderr } = spawnSync(process.execPath, [script, '--check'], {
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
  })
})
