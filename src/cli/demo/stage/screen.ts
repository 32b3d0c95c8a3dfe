/** What the demo prints: a stamped line for each thing that happens, tables for figures. */
import { styleText } from 'node:util'
import type { Host } from '../../../kernel/index.ts'

type Colour = 'green' | 'red' | 'yellow' | 'cyan' | 'gray' | 'bold'

/** How a line looks on a terminal; piped output is plain. */
export type Mark = 'step' | 'good' | 'bad' | 'news' | 'detail'

const marks: Readonly<Record<Mark, { sign: string; colour: Colour }>> = {
  step: { sign: '==', colour: 'bold' },
  good: { sign: 'ok', colour: 'green' },
  bad: { sign: '!!', colour: 'red' },
  news: { sign: '->', colour: 'cyan' },
  detail: { sign: '  ', colour: 'gray' },
}

/** One a run. */
export class Screen {
  readonly #host: Host
  readonly #print: (line: string) => void
  readonly #hasColour: boolean
  readonly #beganMs: number

  constructor(deps: { host: Host; print: (line: string) => void; hasColour: boolean }) {
    this.#host = deps.host
    this.#print = deps.print
    this.#hasColour = deps.hasColour
    this.#beganMs = deps.host.nowMs()
  }

  /** Prints one stamped line. */
  say(mark: Mark, text: string): void {
    const seconds = ((this.#host.nowMs() - this.#beganMs) / 1000).toFixed(2).padStart(6)
    const { sign, colour } = marks[mark]
    this.#print(`${this.#paint('gray', seconds)} ${this.#paint(colour, `${sign} ${text}`)}`)
  }

  /** Prints rows under a head, columns aligned. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    const widths = head.map((title, column) =>
      Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
    )
    const line = (cells: readonly string[]): string =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()
    this.#print(`       ${this.#paint('bold', line(head))}`)
    this.#print(
      `       ${this.#paint('gray', widths.map((width) => '-'.repeat(width)).join('  '))}`,
    )
    for (const row of rows) this.#print(`       ${line(row)}`)
  }

  #paint(colour: Colour, text: string): string {
    return this.#hasColour ? styleText(colour, text) : text
  }
}
