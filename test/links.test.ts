/** Every link between the pages of this repository leads somewhere, to the heading too. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const pages = [
  'llms.txt',
  ...globSync('*.md', { cwd: root }),
  // docs/api is made from these pages and the sources.
  ...globSync('docs/**/*.md', { cwd: root }).filter((page) => !page.startsWith('docs/api/')),
  ...globSync('examples/**/*.md', { cwd: root, exclude: (name) => name === 'node_modules' }),
]

describe('links between pages', () => {
  it('lead to a file that is there, and to a heading it has', () => {
    assert.ok(pages.length > 10)
    assert.deepEqual(pages.flatMap(brokenLinksOf), [])
  })
})

function brokenLinksOf(page: string): string[] {
  const text = withoutCode(readFileSync(path.join(root, page), 'utf8'))
  const links = [...text.matchAll(/\]\((?<target>[^)\s]+)\)/g)].map(
    ({ groups }) => groups?.['target'] ?? '',
  )
  return links
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => !leadsSomewhere(page, target))
    .map((target) => `${page}: ${target}`)
}

function leadsSomewhere(page: string, target: string): boolean {
  const [file = '', heading] = target.split('#')
  const full = file === '' ? path.join(root, page) : path.join(root, path.dirname(page), file)
  if (!existsSync(full)) return false
  if (heading === undefined || !full.endsWith('.md')) return true
  return headingsOf(readFileSync(full, 'utf8')).includes(heading)
}

/** As the usual readers of Markdown make anchors of headings. */
function headingsOf(text: string): string[] {
  return [...withoutCode(text).matchAll(/^#+ (?<title>.+)$/gm)].map(({ groups }) =>
    (groups?.['title'] ?? '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  )
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, '')
}
