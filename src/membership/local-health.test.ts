import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LocalHealth } from './local-health.ts'

const options = { tickLateMs: 100, suspectAfterMs: 2_000 }

describe('LocalHealth', () => {
  it('is 1 while ticks are on time', () => {
    const health = new LocalHealth(options)
    assert.equal(health.ticked(99, 349), 0)
    assert.equal(health.multiplier, 1)
  })

  it('grants the delay, loses trust by it, and regains trust with time', () => {
    const health = new LocalHealth(options)
    assert.equal(health.ticked(4_000, 4_250), 4_000)
    assert.equal(health.multiplier, 3)
    for (let tick = 0; tick < 8; tick++) health.ticked(0, 250)
    assert.equal(health.multiplier, 2)
    for (let tick = 0; tick < 100; tick++) health.ticked(0, 250)
    assert.equal(health.multiplier, 1)
    assert.equal(health.lastDelayMs, 4_000)
  })

  it('never stretches deadlines more than eightfold', () => {
    const health = new LocalHealth(options)
    health.ticked(3_600_000, 3_600_000)
    health.wasSuspected()
    assert.equal(health.multiplier, 8)
  })

  it('loses trust when a peer did not hear us', () => {
    const health = new LocalHealth(options)
    health.wasSuspected()
    assert.equal(health.multiplier, 2)
  })
})
