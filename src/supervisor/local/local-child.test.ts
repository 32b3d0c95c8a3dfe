import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deferred, silentLog } from '../../kernel/index.ts'
import { VirtualClock } from '../../testing/virtual-host.ts'
import { recordOf } from '../core/fixtures.ts'
import type { ServiceClass, ServiceContext } from '../core/service-class.ts'
import { LocalChild, type ChildEnd } from './local-child.ts'

const clock = new VirtualClock({ seed: 1 })
const { spec } = recordOf({ args: { n: 1 }, shutdownMs: 100 })
const timeoutMs = 1_000

function childOf(service: ServiceClass): { child: LocalChild; ends: ChildEnd[] } {
  const ends: ChildEnd[] = []
  const deps = { host: clock.host('a'), log: silentLog, node: 'a', service }
  const child = new LocalChild(
    { spec, epoch: 7, reason: 'start' },
    { ...deps, ended: (end) => ends.push(end), stopped: () => undefined },
  )
  return { child, ends }
}

describe('a local child', () => {
  it('tells an instance who and where it is, and aborts its signal before stop', async () => {
    const told: unknown[] = []
    class Service {
      readonly ctx: ServiceContext
      constructor(ctx: ServiceContext) {
        this.ctx = ctx
        const { id, args, epoch, node, mode, reason } = ctx
        told.push({ id, args, epoch, node, mode, reason })
      }
      start(state: unknown): void {
        told.push(state)
      }
      stop(reason: string): void {
        told.push([reason, this.ctx.signal.aborted])
      }
    }
    const { child } = childOf(Service)
    await child.start({ state: 'kept', timeoutMs })
    await child.stop('shutdown')
    const facts = { id: 'child', args: { n: 1 }, epoch: 7, node: 'a', mode: 'ap', reason: 'start' }
    assert.deepEqual(told, [facts, 'kept', ['shutdown', true]])
  })

  it('is stopped once, and has ended for everybody who waits', async () => {
    const gate = deferred<undefined>()
    let stops = 0
    class Service {
      async stop(): Promise<void> {
        stops += 1
        await gate.promise
      }
    }
    const { child } = childOf(Service)
    await child.start({ timeoutMs })
    const ended: string[] = []
    void child.stop('stopped').then(() => ended.push('first'))
    void child.stop('failed').then(() => ended.push('second'))
    await clock.advance(50)
    assert.deepEqual(ended, [])
    gate.resolve(undefined)
    await clock.advance(1)
    assert.deepEqual([ended, stops], [['first', 'second'], 1])
  })

  it('is left alone when its calls and its stop never end', async () => {
    let stops = 0
    class Service {
      stop(): Promise<never> {
        stops += 1
        return new Promise<never>(() => undefined)
      }
    }
    const { child } = childOf(Service)
    await child.start({ timeoutMs })
    let hasEnded = false
    void child.stop('stopped', new Promise(() => undefined)).then(() => (hasEnded = true))
    await clock.advance(150)
    assert.deepEqual([stops, hasEnded], [1, false])
    await clock.advance(100)
    assert.equal(hasEnded, true)
  })

  it('that does not start in time is stopped, and says why it did not', async () => {
    const reasons: string[] = []
    class Service {
      start(): Promise<never> {
        return new Promise<never>(() => undefined)
      }
      stop(reason: string): void {
        reasons.push(reason)
      }
    }
    const { child } = childOf(Service)
    const refused = assert.rejects(child.start({ timeoutMs }), { code: 'FND_CHILD_START_FAILED' })
    await clock.advance(timeoutMs + 1)
    await refused
    assert.deepEqual(reasons, ['failed'])
  })

  it('tells of its end until it is stopped, not after', async () => {
    let context: ServiceContext | undefined
    class Service {
      constructor(ctx: ServiceContext) {
        context = ctx
      }
      work(): void {}
    }
    const { child, ends } = childOf(Service)
    await child.start({ timeoutMs })
    context?.fail(new Error('broken'))
    await child.stop('failed')
    context?.done()
    assert.deepEqual(
      ends.map(({ kind }) => kind),
      ['failed'],
    )
  })

  it('gives its state within bounds, or says why not', async () => {
    class Service {
      handoff(): unknown {
        return 'x'.repeat(100)
      }
    }
    const { child } = childOf(Service)
    await child.start({ timeoutMs })
    const packed = await child.handoff({ maxBytes: 1_000, timeoutMs })
    assert.equal(packed?.version, 0)
    const tooLarge = child.handoff({ maxBytes: 10, timeoutMs })
    await assert.rejects(tooLarge, { code: 'FND_STATE_INVALID' })
  })

  it('is not asked for its state once it ends', async () => {
    let asked = 0
    class Service {
      handoff(): number {
        return (asked += 1)
      }
    }
    const { child } = childOf(Service)
    await child.start({ timeoutMs })
    void child.stop('failed')
    const given = child.handoff({ maxBytes: 1_000, timeoutMs })
    await assert.rejects(given, { code: 'FND_CHILD_NOT_RUNNING' })
    assert.equal(asked, 0)
  })
})
