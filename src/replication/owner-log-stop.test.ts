import assert from 'node:assert/strict'
import { it } from 'node:test'
import { silentLog, systemHost, type Timer, silentTelemetry } from '../kernel/index.ts'
import type { Inbound, MessageHandler } from '../transport/index.ts'
import { messageCodes } from '../wire/index.ts'
import { logDigest } from './messages.ts'
import { OwnerLog } from './owner-log.ts'

it('OwnerLog: what a peer says after the stop is for nobody, and no message that is not understood', () => {
  const handlers = new Map<number, MessageHandler>()
  const router = {
    handle: (code: number, handler: MessageHandler) => void handlers.set(code, handler),
    send: () => 'accepted' as const,
    whenWritable: () => Promise.resolve(),
  }
  const host = { ...systemHost, after: () => ({ cancel: () => undefined }) }
  const common = { router, host, log: silentLog, telemetry: silentTelemetry }
  const log = new OwnerLog({ ...common, self: { name: 'a', incarnation: '1' } })
  const digest = logDigest.encode({
    ...{ owner: 'b', incarnation: '1', sequence: 0 },
    ...{ hash: '', snapshot: 0, slices: 0 },
  })
  const hear = (from: string): void => {
    const inbound: Inbound = { from, class: 'control', epoch: 1, sequence: 1, payload: digest }
    handlers.get(messageCodes.logDigest)?.(digest.subarray(1), inbound)
  }
  log.start()
  log.linkUp({ name: 'b', incarnation: '1' })
  hear('b')
  assert.throws(() => {
    hear('c')
  }, /"c" may not speak for "b"/)
  log.stop()
  hear('b')
})

it('OwnerLog: a link that ends after the stop leaves no timer', () => {
  const open = new Set<Timer>()
  const after = (): Timer => {
    const timer: Timer = { cancel: () => open.delete(timer) }
    open.add(timer)
    return timer
  }
  const router = {
    handle: () => undefined,
    send: () => 'accepted' as const,
    whenWritable: () => Promise.resolve(),
  }
  const log = new OwnerLog({
    ...{ router, host: { ...systemHost, after }, log: silentLog, telemetry: silentTelemetry },
    self: { name: 'a', incarnation: '1' },
  })
  log.start()
  log.linkUp({ name: 'b', incarnation: '1' }) // Never announced as a member: its purge is due.
  log.stop()
  log.linkDown('b')
  log.memberDown('b', '1')
  assert.equal(open.size, 0)
})
