/** A config as people may see it: plain data, nothing secret. Pure. */

const secretKey = /secret|token|password|passphrase|authorization|headers|credential|cert|key$/i
const hidden = '(hidden)'

/** A copy for `status()` and `explain`. Functions become their name; depth ends at 4. */
export function shownConfig(value: unknown, depth = 4): unknown {
  if (typeof value === 'string') return withoutCredentials(value)
  if (typeof value === 'function') return `function ${value.name}`
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'bigint' || typeof value === 'symbol' ? String(value) : value
  }
  if (depth === 0) return '(deeper)'
  if (Array.isArray(value)) return value.map((item) => shownConfig(item, depth - 1))
  const pairs = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([key, item]) => [key, secretKey.test(key) ? hidden : shownConfig(item, depth - 1)])
  return Object.fromEntries(pairs)
}

function withoutCredentials(text: string): string {
  return text.replace(/(\/\/)[^/@\s]+@/g, `$1${hidden}@`)
}
