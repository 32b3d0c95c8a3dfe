/** Text for terminals: aligned tables and colours, plain when piped. Pure. */
import { styleText } from 'node:util'

/** The colours there are. */
export type Colour = 'green' | 'red' | 'yellow' | 'cyan' | 'gray' | 'bold'

/** Gives text its colour, or leaves it alone. */
export type Paint = (colour: Colour, text: string) => string

/** Colours for a terminal that shows them. */
export function painter(hasColour: boolean): Paint {
  return (colour, text) => (hasColour ? styleText(colour, text, { validateStream: false }) : text)
}

/** Lines of a table, columns aligned; the last column is as long as it is. */
export function tableLines(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  paint: Paint,
): string[] {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [paint('bold', line(head)), ...rows.map(line)]
}

/** Milliseconds as people say them: `340 ms`, `12 s`, `5 min`, `3 h`, `2 d`. */
export function spanOf(spanMs: number): string {
  const units: readonly (readonly [string, number])[] = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1_000],
  ]
  const unit = units.find(([, lengthMs]) => Math.abs(spanMs) >= lengthMs * 2)
  if (!unit) return `${String(Math.round(spanMs))} ms`
  return `${String(Math.round(spanMs / unit[1]))} ${unit[0]}`
}
