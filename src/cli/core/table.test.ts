import assert from 'node:assert/strict'
import { it } from 'node:test'
import { painter, spanOf, tableLines } from './table.ts'

it('tableLines: aligns columns and leaves no blanks at the end', () => {
  const rows = [
    ['ada', '12 ms', ''],
    ['b', '3 ms', 'local'],
  ]
  assert.deepEqual(tableLines(['node', 'rtt', 'by'], rows, painter(false)), [
    'node  rtt    by',
    'ada   12 ms',
    'b     3 ms   local',
  ])
})

it('spanOf: the unit people would take', () => {
  const spans = [0, 1_999, 2_000, 119_000, 120_000, 7_200_000, 172_800_000].map(spanOf)
  assert.deepEqual(spans, ['0 ms', '1999 ms', '2 s', '119 s', '2 min', '2 h', '2 d'])
})

it('painter: colours a terminal only', () => {
  assert.equal(painter(false)('red', 'x'), 'x')
  assert.notEqual(painter(true)('red', 'x'), 'x')
})
