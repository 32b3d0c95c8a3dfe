/**
 * Draws what a mesh costs by its size, from the figures in `mesh-size.json`.
 *
 *     node bench/mesh-picture.ts
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chart } from './harness/chart.mjs'
import { readRows, type SizeRow } from './mesh-core/rows.ts'

const fileAt = (where: string): string => fileURLToPath(new URL(where, import.meta.url))
const pulsesPerSecond = 2

const rows = readRows(fileAt('mesh-size.json'))
const points = (kind: SizeRow['kind'], value: (row: SizeRow) => number): [number, number][] =>
  rows.filter((row) => row.kind === kind).map((row) => [row.nodes, value(row)])
const said = ({ payloadsPerSecond, pingsPerSecond }: SizeRow): number =>
  payloadsPerSecond + pingsPerSecond

const text = chart({
  title: 'What an idle cluster says, all nodes together',
  x: 'nodes',
  y: 'messages a second',
  series: [
    { name: 'whole nodes: payloads and pings', points: points('whole', said) },
    { name: 'digests, answers and pings only', points: points('core', said) },
    {
      name: 'NATS: pulses published',
      points: rows
        .filter(({ kind, nodes }) => kind === 'whole' || nodes > 100)
        .map(({ nodes }) => [nodes, nodes * pulsesPerSecond]),
    },
  ],
})
writeFileSync(fileAt('../docs/pictures/mesh-size.svg'), text)
