/**
 * Writes the table of docs/guides/migrating-from-libcluster.md from the one table of aliases.
 * `--check` only compares, for the test.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { libclusterModules } from '../src/discovery/index.ts'
import { root } from './steps.mjs'

const page = path.join(root, 'docs', 'guides', 'migrating-from-libcluster.md')
const mark = '<!-- table -->\n'

function sectionOf({ module, strategy, keys }) {
  const rows = Object.entries(keys).map(([key, { becomes }]) => `| \`${key}\` | ${becomes} |`)
  const table =
    rows.length === 0 ? 'It has no keys.' : `| key | becomes |\n| --- | --- |\n${rows.join('\n')}`
  return `### ${module} -> \`${strategy}\`\n\n${table}\n`
}

const current = readFileSync(page, 'utf8')
const head = current.slice(0, current.indexOf(mark) + mark.length)
const text = `${head}\n${libclusterModules.map(sectionOf).join('\n')}`
if (process.argv.includes('--check')) {
  if (current !== text) console.error('stale: node scripts/libcluster-page.mjs')
  process.exit(current === text ? 0 : 1)
}
writeFileSync(page, text)
