/** A planted bug whose code has moved on would be caught by nothing, and nobody would know. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { it } from 'node:test'
import { plantedBugs } from './planted-bugs.ts'

it('every planted bug finds its code, once', () => {
  const stale = plantedBugs.flatMap(({ name, file, find }) => {
    const places = readFileSync(file, 'utf8').split(find).length - 1
    return places === 1 ? [] : [`${name}: ${String(places)} places in ${file}`]
  })
  assert.deepEqual(stale, [])
})
