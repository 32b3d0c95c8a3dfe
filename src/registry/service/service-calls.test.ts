import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { inspect } from 'node:util'
import { deferred, isFoundationError, RemoteError, type Deferred } from '../../kernel/index.ts'
import { VirtualClock } from '../../testing/virtual-host.ts'
import { ServiceNet, type ServiceNode } from './service-fixtures.ts'

class Diary {
  readonly lines: string[] = []
  readonly gates = new Map<string, Deferred<undefined>>()
  write(line: string): number {
    return this.lines.push(line)
  }
  async writeLate(line: string): Promise<void> {
    const gate = deferred<undefined>()
    this.gates.set(line, gate)
    await gate.promise
    this.lines.push(line)
  }
  fail(): never {
    throw Object.assign(new TypeError('no ink'), { code: 'E_INK' })
  }
  keep(value: { n: number }): { n: number } {
    value.n += 1
    return value
  }
  _hidden(): string {
    return 'seen'
  }
}

const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: unknown) => (isFoundationError(error) ? error.code : String(error)),
  )

describe('services', () => {
  let clock: VirtualClock
  let net: ServiceNet
  let a: ServiceNode
  let b: ServiceNode
  let c: ServiceNode

  beforeEach(() => {
    clock = new VirtualClock({ seed: 1 })
    net = new ServiceNet(clock.host('net'))
    a = net.node('a')
    b = net.node('b')
    c = net.node('c')
  })

  const serveAt = (node: ServiceNode): Diary => {
    const diary = new Diary()
    node.services.serve('diary', diary)
    net.place('diary', { node: node.name })
    return diary
  }
  const diaryOf = (node: ServiceNode) => node.calls.remote<Diary>('diary', net)

  it('are called where they are, with copies, on this node as on another', async () => {
    const diary = serveAt(b)
    for (const node of [a, b]) {
      const given = { n: 1 }
      assert.deepEqual(await diaryOf(node).keep(given), { n: 2 })
      assert.deepEqual(given, { n: 1 })
      await diaryOf(node).write(node.name)
    }
    assert.deepEqual(diary.lines, ['a', 'b'])
  })

  it('throw as RemoteError with their own code', async () => {
    serveAt(b)
    await assert.rejects(diaryOf(a).fail(), (error: unknown) => {
      assert.ok(error instanceof RemoteError)
      assert.deepEqual(
        [error.nodeName, error.remoteName, error.remoteCode],
        ['b', 'TypeError', 'E_INK'],
      )
      return true
    })
  })

  it('let nobody call what is not exported, even by hand', async () => {
    serveAt(b)
    const remote = diaryOf(a) as unknown as Record<string, (() => Promise<unknown>) | undefined>
    for (const name of ['_hidden', 'then', 'start', 'handoff', '__proto__']) {
      assert.notEqual(typeof remote[name], 'function', name)
    }
    assert.equal(await codeOf(Promise.resolve(remote['erase']?.())), 'FND_METHOD_UNKNOWN')
    for (const method of ['_hidden', 'constructor', 'hasOwnProperty', '__proto__', 'lines']) {
      const args = { name: 'diary', method, args: [] }
      const reply = await net.call({ from: 'a', to: 'b', args })
      assert.deepEqual((reply as unknown[]).slice(0, 2), [3, 'FND_METHOD_UNKNOWN'], method)
    }
  })

  it('are no promises, and show their name', async () => {
    const remote = diaryOf(a)
    assert.equal(await Promise.resolve(remote), remote)
    assert.equal(JSON.stringify({ remote }), '{"remote":{"service":"diary"}}')
    assert.match(inspect(remote), /RemoteService.*diary/)
    assert.equal(remote.write, remote.write)
    assert.throws(() => Object.assign(remote, { write: 1 }), TypeError)
  })

  it('work on one call at a time, in order', async () => {
    const diary = serveAt(b)
    const remote = diaryOf(a)
    const calls = [remote.writeLate('1'), remote.write('2'), remote.write('3')]
    await turns()
    assert.deepEqual(diary.lines, [])
    diary.gates.get('1')?.resolve(undefined)
    await Promise.all(calls)
    assert.deepEqual(diary.lines, ['1', '2', '3'])
  })

  it('refuse calls beyond the mailbox, without disturbing those in it', async () => {
    const d = net.node('d', { mailboxMax: 1 })
    const diary = serveAt(d)
    const remote = diaryOf(a)
    const calls = [remote.writeLate('1'), remote.write('2')]
    assert.equal(await codeOf(remote.write('3')), 'FND_LIMIT_REACHED')
    diary.gates.get('1')?.resolve(undefined)
    await Promise.all(calls)
    assert.deepEqual(diary.lines, ['1', '2'])
  })

  it('do not begin a call whose caller has given up', async () => {
    const diary = serveAt(b)
    const control = new AbortController()
    const first = diaryOf(a).writeLate('1')
    const second = a.calls.remote<Diary>('diary', net, { signal: control.signal }).write('2')
    await turns()
    control.abort(new Error('enough'))
    diary.gates.get('1')?.resolve(undefined)
    await first
    await turns()
    assert.deepEqual(diary.lines, ['1'])
    void second.catch(() => undefined)
  })

  it('fail at once when the name is nowhere or its node is down', async () => {
    assert.equal(await codeOf(diaryOf(a).write('x')), 'FND_NAME_UNKNOWN')
    serveAt(b)
    net.down.add('b')
    assert.equal(await codeOf(diaryOf(a).write('x')), 'FND_NODE_DOWN')
  })

  it('are not known when the node denies them for long', async () => {
    net.place('diary', { node: 'b' })
    const outcome = codeOf(diaryOf(a).write('x'))
    await clock.advance(2_000)
    assert.equal(await outcome, 'FND_NAME_UNKNOWN')
  })

  it('are waited for while they are on their way, until the deadline or the abort', async () => {
    net.place('diary', 'pending')
    const waits = diaryOf(a).write('late')
    const short = codeOf(a.calls.remote<Diary>('diary', net, { timeoutMs: 100 }).write('x'))
    const control = new AbortController()
    const { signal } = control
    const aborted = a.calls.remote<Diary>('diary', net, { signal }).write('y')
    control.abort(new Error('enough'))
    await assert.rejects(aborted, /enough/)
    await clock.advance(150)
    assert.equal(await short, 'FND_TIMED_OUT')
    const diary = serveAt(b)
    await waits
    assert.deepEqual(diary.lines, ['late'])
  })

  it('move without losing, repeating or reordering a call', async () => {
    const before = serveAt(b)
    const remote = diaryOf(a)
    const calls = [remote.writeLate('1'), remote.write('2')]
    await turns()
    c.services.reserve('diary')
    const drained = b.services.seal('diary', 'c')
    calls.push(remote.write('3'), remote.write('4'))
    await turns()
    before.gates.get('1')?.resolve(undefined)
    await drained
    await turns()
    calls.push(remote.write('5'))
    await turns()
    const after = new Diary()
    c.services.serve('diary', after)
    net.place('diary', { node: 'c' })
    b.services.remove('diary', 'c')
    calls.push(remote.write('6'))
    await Promise.all(calls)
    assert.deepEqual(
      [before.lines, after.lines],
      [
        ['1', '2'],
        ['3', '4', '5', '6'],
      ],
    )
  })

  it('answer where they went for a while, then no longer', async () => {
    serveAt(b)
    const after = new Diary()
    c.services.serve('diary', after)
    b.services.remove('diary', 'c')
    await diaryOf(a).write('found')
    assert.deepEqual(net.sent, ['a>b write', 'a>c write'])
    await clock.advance(60_001)
    const outcome = codeOf(diaryOf(a).write('lost'))
    await clock.advance(2_000)
    assert.equal(await outcome, 'FND_NAME_UNKNOWN')
    assert.deepEqual(after.lines, ['found'])
  })

  it('tell calls that wait where they went when they end', async () => {
    const before = serveAt(b)
    const runs = diaryOf(a).writeLate('1')
    const waits = diaryOf(a).write('2')
    await turns()
    const after = serveAt(c)
    b.services.remove('diary', 'c')
    await turns()
    before.gates.get('1')?.resolve(undefined)
    await Promise.all([runs, waits])
    assert.deepEqual([before.lines, after.lines], [['1'], ['2']])
  })

  it('are held, in order, while a service is replaced where it is', async () => {
    const before = serveAt(b)
    const remote = diaryOf(a)
    const calls = [remote.writeLate('1'), remote.write('2')]
    await turns()
    let isFree = false
    void b.services.hold('diary').then(() => (isFree = true))
    calls.push(remote.write('3'))
    await turns()
    assert.equal(isFree, false)
    before.gates.get('1')?.resolve(undefined)
    await turns()
    assert.equal(isFree, true)
    const after = serveAt(b)
    await Promise.all(calls)
    assert.deepEqual([before.lines, after.lines], [['1'], ['2', '3']])
  })

  it('are held while a service that was sealed for a move ends', async () => {
    const before = serveAt(b)
    const calls = [diaryOf(a).writeLate('1'), diaryOf(a).write('2')]
    await turns()
    void b.services.seal('diary', 'c')
    let isFree = false
    void b.services.hold('diary').then(() => (isFree = true))
    calls.push(diaryOf(a).write('3'))
    await turns()
    assert.equal(isFree, false, 'one still runs')
    before.gates.get('1')?.resolve(undefined)
    await turns()
    assert.equal(isFree, true)
    const after = serveAt(b)
    await Promise.all(calls)
    assert.deepEqual([before.lines, after.lines], [['1'], ['2', '3']])
  })

  it('go on where they were when a move is given up', async () => {
    const diary = serveAt(b)
    c.services.reserve('diary')
    await b.services.seal('diary', 'c')
    const calls = [diaryOf(a).write('1'), diaryOf(a).write('2')]
    await turns()
    b.services.unseal('diary')
    c.services.remove('diary', 'b')
    await clock.advance(100)
    await Promise.all([...calls, diaryOf(a).write('3')])
    assert.deepEqual(diary.lines, ['1', '2', '3'])
  })

  it('hold a bounded number of calls for a service on its way', async () => {
    net.place('diary', { node: 'c' })
    c.services.reserve('diary')
    const calls = Array.from({ length: 12 }, (_, at) => codeOf(diaryOf(a).write(String(at))))
    await turns()
    const diary = new Diary()
    c.services.serve('diary', diary)
    const outcomes = await Promise.all(calls)
    assert.deepEqual(outcomes.slice(10), ['FND_LIMIT_REACHED', 'FND_LIMIT_REACHED'])
    assert.equal(diary.lines.join(), '0,1,2,3,4,5,6,7,8,9')
  })

  it('leave nothing behind when the node stops', async () => {
    net.place('diary', 'pending')
    const waits = codeOf(diaryOf(a).write('x'))
    a.calls.stop()
    assert.equal(await waits, 'FND_NOT_RUNNING')
    serveAt(b)
    b.services.stop()
    b.services.stop()
    assert.deepEqual(b.services.stats(), { serving: 0, reserved: 0, calls: 0 })
  })
})
