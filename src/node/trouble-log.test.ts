import assert from 'node:assert/strict'
import { it } from 'node:test'
import { consoleLog, FoundationError, type ErrorCode } from '../kernel/index.ts'
import { TroubleLog } from './trouble-log.ts'

interface Kit {
  readonly lines: string[]
  readonly advance: (spanMs: number) => void
  readonly write: (code: ErrorCode, details: Record<string, unknown>) => void
}

function kit(): Kit {
  let nowMs = 0
  const lines: string[] = []
  const log = consoleLog({ level: 'warn', write: (line) => lines.push(line) })
  const troubles = new TroubleLog({ host: { nowMs: () => nowMs }, log })
  return {
    lines,
    advance: (spanMs) => {
      nowMs += spanMs
    },
    write: (code, details) => {
      troubles.write(
        new FoundationError(code, `trouble at ${String(details['address'])}`, { details }),
      )
    },
  }
}

it('TroubleLog: one stranger that several parts meet is told of once', () => {
  const { write, lines } = kit()
  write('FND_HANDSHAKE_REFUSED', { address: '10.0.0.7:41000', reason: 'auth' })
  write('FND_HANDSHAKE_REFUSED', { address: '10.0.0.7', reason: 'auth' })
  write('FND_DISCOVERY_FAILED', { address: '10.0.0.7', reason: 'secret-differs' })
  assert.equal(lines.length, 1)
  write('FND_HANDSHAKE_REFUSED', { address: '10.0.0.7:41000', reason: 'cluster_mismatch' })
  write('FND_HANDSHAKE_REFUSED', { address: '10.0.0.8:41000', reason: 'auth' })
  write('FND_HANDSHAKE_REFUSED', { address: '[fe80::1]:41000', reason: 'auth' })
  assert.equal(lines.length, 4)
})

it('TroubleLog: says it again after a minute', () => {
  const { write, lines, advance } = kit()
  const details = { address: '10.0.0.7', reason: 'auth' }
  write('FND_HANDSHAKE_REFUSED', details)
  advance(59_000)
  write('FND_HANDSHAKE_REFUSED', details)
  assert.equal(lines.length, 1)
  advance(2_000)
  write('FND_HANDSHAKE_REFUSED', details)
  assert.equal(lines.length, 2)
})

it('TroubleLog: of a topic it tells once, whatever the address', () => {
  const { write, lines } = kit()
  write('FND_SUBSCRIBER_FAILED', { topic: 'a' })
  write('FND_SUBSCRIBER_FAILED', { topic: 'a' })
  write('FND_SUBSCRIBER_FAILED', { topic: 'b' })
  assert.equal(lines.length, 2)
})
