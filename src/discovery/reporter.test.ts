import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLog, systemHost, type Log, silentTelemetry } from '../kernel/index.ts'
import { Reporter } from './reporter.ts'

function reporterWith(lines: string[]): Reporter {
  const note =
    (level: string) =>
    (_: unknown, message: string): void => {
      lines.push(`${level} ${message.split(/[:;]/)[0] ?? ''}`)
    }
  const log: Log = { ...silentLog, info: note('info'), warn: note('warn') }
  const host = { ...systemHost, nowMs: () => 0 }
  const deps = { host, log, telemetry: silentTelemetry, news: () => undefined }
  return new Reporter(deps, 'lan')
}

describe('Reporter', () => {
  it('logs a failure again that comes back after a success, and each other repeat once', () => {
    const lines: string[] = []
    const reporter = reporterWith(lines)
    const refused = { node: 'b', address: 'b:1', reason: 'refused' }
    const other = { node: 'bb', address: 'bb:1', reason: 'refused' }
    for (const report of [refused, refused, other]) reporter.dialed(report, { durationMs: 1 })
    reporter.dialed({ node: 'b', address: 'b:1' }, { durationMs: 1 })
    for (const report of [refused, refused, other]) reporter.dialed(report, { durationMs: 1 })
    const failed = 'warn cannot connect'
    assert.deepEqual(lines, [failed, failed, 'info connected', failed])
  })

  it('warns only of failures that nobody else tells better', () => {
    const lines: string[] = []
    const reporter = reporterWith(lines)
    const dialed = (reason: string, isAnnounced: boolean): void => {
      reporter.dialed({ node: reason, address: 'b:1', reason }, { durationMs: 1, isAnnounced })
    }
    dialed('refused', true)
    dialed('auth', false)
    dialed('rejected', true)
    dialed('timeout', true)
    const told = 'cannot connect'
    assert.deepEqual(lines, [`info ${told}`, `info ${told}`, `info ${told}`, `warn ${told}`])
  })

  it('logs that a strategy is degraded again after it was healthy', () => {
    const lines: string[] = []
    const reporter = reporterWith(lines)
    for (const state of ['degraded', 'degraded', 'ok', 'degraded'] as const) {
      reporter.health(state, 'no answer')
    }
    assert.deepEqual(lines, ['warn degraded', 'info healthy again', 'warn degraded'])
  })
})
