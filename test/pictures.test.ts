/** The pictures of docs/ are what their sources (boxes and arrows) say. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { pictures } from '../scripts/pictures.mjs'

const docs = fileURLToPath(new URL('../docs/', import.meta.url))
const read = (file: string): string => readFileSync(path.join(docs, file), 'utf8')

describe('docs/pictures', () => {
  it('are current (else: node scripts/pictures.mjs)', () => {
    const drawn = pictures()
    assert.ok(drawn.length >= 6)
    for (const { name, svg } of drawn) assert.equal(read(`pictures/${name}.svg`), svg, name)
  })

  it('are shown by docs/concepts.md, each', () => {
    const concepts = read('concepts.md')
    const hidden = pictures().filter(({ name }) => !concepts.includes(`(pictures/${name}.svg)`))
    assert.deepEqual(hidden, [])
  })
})
