import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemHost } from '../../kernel/index.ts'
import { RefusalReports, type RefusalReport } from './refusal-reports.ts'

describe('RefusalReports', () => {
  it('tells of each address and reason at most once a minute', () => {
    let nowMs = 0
    const told: RefusalReport[] = []
    const reports = new RefusalReports({ ...systemHost, nowMs: () => nowMs }, (report) =>
      told.push(report),
    )
    const report = { address: 'a:1', reason: 'auth', message: 'differs' } as const
    reports.add(report)
    reports.add(report)
    reports.add({ ...report, address: 'b:1' })
    reports.add({ ...report, reason: 'version' })
    reports.add({ ...report, reason: 'refused' })
    assert.equal(told.length, 3)
    nowMs = 59_999
    reports.add(report)
    assert.equal(told.length, 3)
    nowMs = 60_000
    reports.add(report)
    assert.deepEqual(told[3], report)
  })

  it('leaves it to who dials to say that its own name is in use', () => {
    const told: RefusalReport[] = []
    const reports = new RefusalReports(systemHost, (report) => told.push(report))
    const report = { address: 'a:1', reason: 'name_in_use', message: 'taken' } as const
    reports.add({ ...report, isOurDial: true })
    reports.add({ ...report, isOurDial: false })
    reports.add({ ...report, reason: 'auth', isOurDial: true })
    assert.deepEqual(told, [report, { ...report, reason: 'auth' }])
  })

  it('remembers a bounded number', () => {
    const told: RefusalReport[] = []
    const reports = new RefusalReports({ ...systemHost, nowMs: () => 0 }, (report) =>
      told.push(report),
    )
    for (let i = 0; i < 300; i++) reports.add({ address: String(i), reason: 'auth', message: '' })
    reports.add({ address: '299', reason: 'auth', message: '' })
    assert.equal(told.length, 300)
    reports.add({ address: '0', reason: 'auth', message: '' })
    assert.equal(told.length, 301)
  })
})
