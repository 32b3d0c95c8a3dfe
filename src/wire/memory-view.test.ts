import assert from 'node:assert/strict'
import { it } from 'node:test'
import { asBuffer, memoryViewOf, releaseMemory } from './memory-view.ts'

const canTransfer = 'transfer' in ArrayBuffer.prototype

it('releaseMemory: empties bytes that are all of their memory, and no others', () => {
  const whole = Buffer.allocUnsafeSlow(20_000)
  releaseMemory(whole)
  assert.equal(whole.length, canTransfer ? 0 : 20_000)
  const part = Buffer.allocUnsafeSlow(20_000).fill(7).subarray(1)
  releaseMemory(part)
  assert.equal(part[0], 7)
})

it('memoryViewOf: sees all the memory the bytes lie in, whatever was released before', () => {
  const released = new Uint8Array(8)
  memoryViewOf(released)
  releaseMemory(released)
  const bytes = Uint8Array.of(1, 2, 3, 4).subarray(2)
  assert.equal(memoryViewOf(bytes).getUint8(bytes.byteOffset), 3)
  assert.equal(memoryViewOf(bytes), memoryViewOf(bytes.subarray(1)))
})

it('asBuffer: shares the memory', () => {
  const bytes = Uint8Array.of(1, 2, 3).subarray(1)
  asBuffer(bytes)[0] = 9
  assert.deepEqual([...bytes], [9, 3])
})
