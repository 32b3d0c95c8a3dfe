/** The imported topologies as TypeScript to paste. Pure. */
import { EnvValue, type Imported, type ImportNote, type Plain } from './convert.ts'

const requireEnv = `const env = (name: string): string => {
  const value = process.env[name]
  if (value === undefined) throw new Error(\`\${name} is not set\`)
  return value
}
`

/** Lines to print: notes as comments, then the code. */
export function snippetOf({ topologies, notes }: Imported): string {
  const { text, needsEnv } = written(topologies)
  const parts = [
    `import { startNode } from 'foundation-ts'\n`,
    ...(needsEnv ? [requireEnv] : []),
    ...(notes.length > 0 ? [`${notes.map(comment).join('\n')}\n`] : []),
    `const node = await startNode({\n  topologies: ${indented(text)},\n})`,
  ]
  return parts.join('\n')
}

const beginnings: Readonly<Record<ImportNote['kind'], string>> = {
  lost: 'Not carried over',
  needless: 'Not needed',
  advice: 'Note',
}

function comment({ kind, line, topology, what, why }: ImportNote): string {
  return `// ${beginnings[kind]} (line ${String(line)}): ${topology}: ${what}: ${why}`.replaceAll(
    '\n',
    ' ',
  )
}

function written(value: unknown): { text: string; needsEnv: boolean } {
  let needsEnv = false
  const write = (plain: Plain): string => {
    if (plain instanceof EnvValue) {
      needsEnv ||= plain.read.isRequired
      return environmentRead(plain)
    }
    if (Array.isArray(plain)) return `[${plain.map(write).join(', ')}]`
    if (typeof plain !== 'object' || plain === null) return literal(plain)
    const pairs = Object.entries(plain).map(([key, item]) => `${name(key)}: ${write(item)}`)
    return pairs.length === 0
      ? '{}'
      : `{\n${pairs.map((pair) => `  ${indented(pair)},`).join('\n')}\n}`
  }
  return { text: write(value as Plain), needsEnv }
}

function environmentRead({ read }: EnvValue): string {
  const { variable, fallback, isRequired, isNumber } = read
  const plain = isRequired ? `env(${literal(variable)})` : `process.env[${literal(variable)}]`
  const text = fallback === undefined ? plain : `${plain} ?? ${literal(fallback)}`
  return isNumber ? `Number(${text})` : text
}

function literal(value: string | number | boolean | null): string {
  if (value === null) return 'undefined'
  if (typeof value !== 'string') return String(value)
  const escaped = JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")
  return `'${escaped}'`
}

function name(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : literal(key)
}

function indented(text: string): string {
  return text.replaceAll('\n', '\n  ')
}
