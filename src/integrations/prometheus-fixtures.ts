/** Reads what the exporter writes, for its tests. */

/** The values of one metric, by its labels. */
export function valuesOf(text: string, metric: string): Record<string, number> {
  const lines = text.split('\n').filter((line) => line.startsWith(`${metric}{`))
  return Object.fromEntries(
    lines.map((line) => {
      const [, labels = '', value = ''] = /^[^{]+\{(.*)\} (\S+)$/.exec(line) ?? []
      return [labels, Number(value)]
    }),
  )
}
