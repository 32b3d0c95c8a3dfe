import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { describe, it } from 'node:test'
import { callableMethods, concurrencyOf } from './callable.ts'

const namesOf = (service: unknown): string[] => [...callableMethods(service).keys()].sort()

describe('callable methods', () => {
  it('are the public prototype methods of the own class', () => {
    class Counter extends EventEmitter {
      static concurrency = 3
      field = (): number => 1
      increment(): void {}
      _secret(): void {}
      get value(): () => number {
        return () => 1
      }
      override toString(): string {
        return 'counter'
      }
    }
    assert.deepEqual(namesOf(new Counter()), ['increment'])
    assert.equal(concurrencyOf(new Counter()), 3)
  })

  it('never are lifecycle methods, then, or the constructor', () => {
    class Child {
      constructor() {
        void 0
      }
      start(): void {}
      stop(): void {}
      handoff(): void {}
      mergeState(): void {}
      canMove(): void {}
      then(): void {}
      toJSON(): void {}
      work(): void {}
    }
    assert.deepEqual(namesOf(new Child()), ['work'])
  })

  it('are the function properties of a plain object, with or without a prototype', () => {
    const bare = Object.assign(Object.create(null) as object, { ping: () => 'pong', size: 3 })
    assert.deepEqual(namesOf(bare), ['ping'])
    const hostile = JSON.parse('{ "__proto__": 1 }') as object
    assert.deepEqual(namesOf({ ...hostile, ping: () => 'pong', hasOwnProperty: () => true }), [
      'ping',
    ])
    assert.equal(concurrencyOf(bare), 1)
  })

  it('need an object, and a count as concurrency', () => {
    for (const value of [undefined, null, 3, 'text', () => 1]) {
      assert.throws(() => callableMethods(value), { code: 'FND_OPTION_INVALID' })
    }
    class Wrong {
      static concurrency = 0
      work(): void {}
    }
    assert.throws(() => concurrencyOf(new Wrong()), { code: 'FND_OPTION_INVALID' })
  })
})
