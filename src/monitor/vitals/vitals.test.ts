import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { messageCodes } from '../../wire/index.ts'
import { signs } from '../monitor-fixtures.ts'
import { vitalsMessage } from './vital-signs.ts'
import { VitalsTable } from './vitals-table.ts'

describe('vital signs on the wire', () => {
  it('come out as they went in', () => {
    const said = signs({ linked: ['b'], reasons: ['x'], health: 'degraded', config: 'abcd' })
    const payload = vitalsMessage.encode(said)
    assert.equal(payload[0], messageCodes.vitalSigns)
    assert.deepEqual(vitalsMessage.decode(payload.subarray(1)), said)
  })

  it('may say nothing of settings', () => {
    const payload = vitalsMessage.encode(signs({ config: undefined }))
    assert.deepEqual(vitalsMessage.decode(payload.subarray(1)), signs())
  })

  it('are refused when a peer says nonsense', () => {
    const nonsense = { ...signs(), health: 'splendid' } as never
    const payload = vitalsMessage.encode(nonsense)
    assert.throws(() => vitalsMessage.decode(payload.subarray(1)), { code: 'FND_FRAME_INVALID' })
  })
})

describe('VitalsTable', () => {
  it('knows since when settings differ', () => {
    const table = new VitalsTable()
    const note = (nowMs: number, config: string | undefined, ownConfig: string | undefined) => {
      table.note('b', signs({ config }), { nowMs, ownConfig })
      return [...table].map(([, { differsSinceMs }]) => differsSinceMs)
    }
    assert.deepEqual(note(1, 'x', 'y'), [1])
    assert.deepEqual(note(2, 'x', 'y'), [1])
    assert.deepEqual(note(3, 'y', 'y'), [undefined])
    assert.deepEqual(note(4, 'x', 'y'), [4])
    assert.deepEqual(note(5, undefined, 'y'), [undefined])
    table.forget('b')
    assert.deepEqual([...table], [])
  })
})
