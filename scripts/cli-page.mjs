/** Writes docs/reference/cli.md from the commands' own words. `--check` only compares, for the test. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { commands } from '../src/cli/commands.ts'
import { root } from './steps.mjs'

const page = path.join(root, 'docs', 'reference', 'cli.md')

const head = `# The foundation command

Generated from the code by \`node scripts/cli-page.mjs\`; a test compares. \`npx foundation <command>\`; every command has
\`--help\` and \`--json\`. Commands read the settings of the working folder as \`startNode()\` does. Exit code 0 is success, 1 a
failure (one line with a code of [errors](errors.md) on standard error; with \`--json\` it is
\`{ "error": { "code", "message" } }\`), 2 a command that does not exist. \`foundation --version\` prints the version.
`

const parts = [...commands].map(
  ([name, { summary, usage }]) => `## ${name}\n\n${summary}\n\n\`\`\`\n${usage}\n\`\`\`\n`,
)
const text = [head, ...parts].join('\n')
if (process.argv.includes('--check')) {
  const isCurrent = readFileSync(page, 'utf8') === text
  if (!isCurrent) console.error('stale: node scripts/cli-page.mjs')
  process.exit(isCurrent ? 0 : 1)
}
writeFileSync(page, text)
