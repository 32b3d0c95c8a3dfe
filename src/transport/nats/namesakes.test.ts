import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Namesakes } from './namesakes.ts'

describe('namesakes', () => {
  it('are there while they are heard, gone by a goodbye or by silence, and none before the first', () => {
    let nowMs = 0
    const namesakes = new Namesakes(() => nowMs, 1_000)
    assert.equal(namesakes.state, 'none')
    namesakes.heard('x')
    namesakes.heard('y')
    namesakes.left('x')
    assert.equal(namesakes.state, 'there')
    nowMs = 1_000
    assert.equal(namesakes.state, 'there')
    nowMs = 1_001
    assert.equal(namesakes.state, 'gone')
    namesakes.heard('z')
    assert.equal(namesakes.state, 'there')
    namesakes.left('z')
    assert.equal(namesakes.state, 'gone')
  })

  it('are bounded in number', () => {
    const namesakes = new Namesakes(() => 0, 1_000)
    for (let at = 0; at < 1_000; at++) namesakes.heard(String(at))
    for (let at = 500; at < 1_000; at++) namesakes.left(String(at))
    assert.equal(namesakes.state, 'gone')
  })
})
