import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { channelTable, type ChannelOptions } from './options.ts'

describe('channelTable', () => {
  it('holds the four standard channels', () => {
    const rows = [...channelTable().values()].map((row) => [row.name, row.class, row.overflow])
    assert.deepEqual(rows, [
      ['control', 'control', 'fail'],
      ['events', 'events', 'wait'],
      ['telemetry', 'telemetry', 'drop-oldest'],
      ['bulk', 'bulk', 'wait'],
    ])
  })

  it('takes the overflow of the class for an added channel that says none', () => {
    const table = channelTable({ metrics: { class: 'telemetry', queueMaxBytes: 65_536 } })
    assert.deepEqual(table.get('metrics'), {
      name: 'metrics',
      class: 'telemetry',
      overflow: 'drop-oldest',
      queueMaxBytes: 65_536,
    })
  })

  it('changes a standard channel without moving it', () => {
    const changed = { overflow: 'fail' } as unknown as ChannelOptions
    const row = channelTable({ telemetry: changed }).get('telemetry')
    assert.deepEqual([row?.class, row?.overflow], ['telemetry', 'fail'])
  })

  it('refuses names that are no token, unknown classes and unknown keys', () => {
    const refusals: [Record<string, unknown>, RegExp][] = [
      [{ 'a.b': { class: 'bulk' } }, /channels\.a\.b/],
      [{ x: { class: 'fast' } }, /channels\.x\.class/],
      [{ x: { class: 'bulk', overflow: 'explode' } }, /channels\.x\.overflow/],
      [{ x: { class: 'bulk', queueMax: 1 } }, /channels\.x\.queueMax.*queueMaxBytes/],
    ]
    for (const [given, message] of refusals) {
      assert.throws(() => channelTable(given as Record<string, ChannelOptions>), {
        code: 'FND_OPTION_INVALID',
        message,
      })
    }
  })
})
