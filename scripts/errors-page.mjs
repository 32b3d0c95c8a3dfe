/** Prints the table of docs/reference/errors.md from the code, so that adding a code is one edit. */
import { readFileSync, writeFileSync } from 'node:fs'
import { errorCodes } from '../src/kernel/errors.ts'

const page = new URL('../docs/reference/errors.md', import.meta.url)
const advice = new Map(
  [...readFileSync(page, 'utf8').matchAll(/^\| `(FND_\w+)` \| \w+ \| .+? \| (.*) \|$/gm)].map(
    ([, code, text]) => [code, text],
  ),
)
const rows = Object.entries(errorCodes).map(
  ([code, { retryable, meaning }]) =>
    `| \`${code}\` | ${retryable ? 'yes' : 'no'} | ${meaning} | ${advice.get(code) ?? ''} |`,
)
const text = readFileSync(page, 'utf8')
const [head] = text.split(/^\| code /m)
writeFileSync(
  page,
  `${head}| code | retry | meaning | what to do |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`,
)
