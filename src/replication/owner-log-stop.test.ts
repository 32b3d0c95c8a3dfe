import assert from 'node:assert/strict'
import { it } from 'node:test'
import { silentLog, systemHost, type Timer } from '../kernel/index.ts'
import { OwnerLog } from './owner-log.ts'

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
    ...{ router, host: { ...systemHost, after }, log: silentLog, telemetry: () => undefined },
    self: { name: 'a', incarnation: '1' },
  })
  log.start()
  log.linkUp({ name: 'b', incarnation: '1' }) // Never announced as a member: its purge is due.
  log.stop()
  log.linkDown('b')
  log.memberDown('b', '1')
  assert.equal(open.size, 0)
})
