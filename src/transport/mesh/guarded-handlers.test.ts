import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLog } from '../../kernel/index.ts'
import type { TransportHandlers } from '../port/port.ts'
import { guarded } from './guarded-handlers.ts'

describe('guarded', () => {
  it('passes news on, and logs what a handler throws', () => {
    const seen: unknown[] = []
    const logged: string[] = []
    const handlers = {
      gap: (...args: unknown[]) => seen.push(args),
      classDegraded: () => {
        throw new Error('a bug above')
      },
    } as unknown as TransportHandlers
    const log = { ...silentLog, error: (_fields: object, message: string) => logged.push(message) }
    const safe = guarded(handlers, log)
    safe.gap('a', 'bulk', 3)
    safe.classDegraded('a', 'bulk')
    assert.deepEqual(seen, [['a', 'bulk', 3]])
    assert.equal(logged.length, 1)
  })
})
