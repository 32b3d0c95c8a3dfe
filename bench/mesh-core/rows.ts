/** Figures of meshes by their size, kept as text beside the benchmarks. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/** One size, with whole nodes or with their core only. */
export interface SizeRow {
  readonly kind: 'whole' | 'core'
  readonly nodes: number
  /** All nodes together. */
  readonly payloadsPerSecond: number
  readonly digestsPerSecond?: number
  /** By their rate: each side of each link. */
  readonly pingsPerSecond: number
  readonly nameKnownMs: number
  readonly killSeenMs?: number
  readonly silenceFirstMs?: number
  readonly silenceSeenMs: number
  /** Of the simulation. */
  readonly events?: number
  readonly processorSeconds?: number
}

/** The rows of a file. */
export function readRows(file: string): readonly SizeRow[] {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as readonly SizeRow[]) : []
}

/** Puts rows into a file, in place of those of the same kind and size. */
export function saveRows(file: string, rows: readonly SizeRow[]): void {
  const key = ({ kind, nodes }: SizeRow): string => `${kind} ${String(nodes)}`
  const fresh = new Set(rows.map(key))
  const all = [...readRows(file).filter((row) => !fresh.has(key(row))), ...rows]
  all.sort((a, b) => a.nodes - b.nodes || a.kind.localeCompare(b.kind))
  const lines = all.map((row) => `  ${JSON.stringify(row)}`)
  writeFileSync(file, `[\n${lines.join(',\n')}\n]\n`)
}
