/** `redis` against a real server on a free port of loopback. Skipped, and says so, without one. */
import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'
import { describeStrategy } from '../../../testing/describe-strategy.ts'
import { until } from '../../../testing/waiting/until.ts'
import { PretendedNode, selfInfo } from '../../discovery-kit.test.ts'

const options = { skip: reasonToSkip() }
const patienceMs = 20_000

it('redis: nodes find each other at once, and hear the goodbye', options, async (t) => {
  const server = await startServer(t)
  const a = node(t, 'a', server)
  await until('a has written its entry', () => figures(a).beats > 0, patienceMs)
  const b = node(t, 'b', server)
  await until(
    'both know each other',
    () => a.connected.has('b') && b.connected.has('a'),
    patienceMs,
  )
  assert.deepEqual([a.dials, b.dials], [['127.0.0.1:4002'], ['127.0.0.1:4001']])
  await b.discovery.stop()
  await until('a heard the goodbye', () => goneReasons(a).includes('goodbye'), patienceMs)
})

it('redis: two apps share a server and never mix', options, async (t) => {
  const server = await startServer(t)
  const a = node(t, 'a', server)
  const x = node(t, 'x', { url: server.url, cluster: 'cart' })
  const b = node(t, 'b', server)
  await until(
    'a and b know each other',
    () => a.connected.has('b') && b.connected.has('a'),
    patienceMs,
  )
  assert.deepEqual(x.seen, [])
  assert.deepEqual(a.seen, ['b'])
})

it('redis: the entry of a node that died ends by itself', options, async (t) => {
  const server = await startServer(t)
  const a = node(t, 'a', server)
  const dead = { kind: 'here', name: 'dead', incarnation: '1', addresses: ['127.0.0.1:9'] }
  const soonMs = Date.now() + 700
  server.cli(['ZADD', 'foundation:shop', String(soonMs), JSON.stringify(dead)])
  a.discovery.refresh()
  await until('a has seen it', () => a.seen.includes('dead'), patienceMs)
  await until('a has heard no more of it', () => goneOrLeft(a, 'dead'), patienceMs)
  assert.equal(server.cli(['ZCARD', 'foundation:shop']), '1')
})

it(
  'redis: the server is killed and started again: nobody is gone, all come back',
  options,
  async (t) => {
    const server = await startServer(t)
    const [a, b] = [node(t, 'a', server), node(t, 'b', server)]
    await until(
      'both know each other',
      () => a.connected.has('b') && b.connected.has('a'),
      patienceMs,
    )
    await server.kill()
    await until('a is degraded', () => state(a) === 'degraded', patienceMs)
    assert.match(a.eventsOf('health')[0]?.detail ?? '', /^redis at 127\.0\.0\.1:\d+: /)
    await server.start()
    await until('both are well', () => state(a) === 'ok' && state(b) === 'ok', patienceMs)
    const c = node(t, 'c', server)
    await until(
      'a newcomer is found',
      () => a.connected.has('c') && c.connected.has('b'),
      patienceMs,
    )
    assert.deepEqual([goneReasons(a), goneReasons(b)], [[], []])
  },
)

it(
  'redis: a wrong password degrades it and says so, without showing the password',
  options,
  async (t) => {
    const server = await startServer(t, ['--requirepass', 'right'])
    const a = node(t, 'a', { url: server.url.replace('//', '//:wrong@') })
    await until('a is degraded', () => state(a) === 'degraded', patienceMs)
    assert.match(a.eventsOf('health')[0]?.detail ?? '', /WRONGPASS/)
    assert.ok(!JSON.stringify([a.news, a.discovery.status()]).includes('wrong@'))
    const url = server.url.replace('//', '//:right@')
    const [b, c] = [
      node(t, 'b', { url }),
      node(t, 'c', { url: server.url, config: { connection: { password: 'right' } } }),
    ]
    await until('others get in', () => b.connected.has('c') && c.connected.has('b'), patienceMs)
  },
)

it('redis: a server that is not there degrades it and stops nothing', options, async (t) => {
  const a = node(t, 'a', { url: 'redis://127.0.0.1:1' })
  await until('a is degraded', () => state(a) === 'degraded', patienceMs)
  assert.match(a.eventsOf('health')[0]?.detail ?? '', /ECONNREFUSED/)
  await a.discovery.stop()
})

if (options.skip === false) {
  describeStrategy('redis', () => ({
    topology: { strategy: 'redis', config: { url: 'redis://127.0.0.1:1' } },
  }))
}

function reasonToSkip(): string | false {
  const isThere = spawnSync('redis-server', ['--version']).status === 0
  return isThere ? false : 'SKIPPED: there is no "redis-server" here'
}

interface Server {
  readonly url: string
  start(): Promise<void>
  kill(): Promise<void>
  /** What redis-cli prints. */
  cli(args: readonly string[]): string
}

async function startServer(t: TestContext, flags: readonly string[] = []): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'foundation-redis-'))
  const port = String(await freeTcpPort())
  const place = ['--port', port, '--bind', '127.0.0.1', '--dir', folder]
  let server: ChildProcess | undefined
  const start = async (): Promise<void> => {
    const started = spawn('redis-server', [...place, '--save', '', ...flags])
    let said = ''
    started.stdout.on('data', (bytes) => (said += String(bytes)))
    server = started
    await until('redis is up', () => said.includes('Ready to accept connections'), patienceMs)
  }
  const kill = (): Promise<void> =>
    new Promise((resolve) => {
      if (!server || server.exitCode !== null || server.signalCode !== null) {
        resolve()
        return
      }
      server.once('exit', () => {
        resolve()
      })
      server.kill('SIGKILL')
    })
  t.after(async () => {
    await kill()
    await rm(folder, { recursive: true, force: true })
  })
  await start()
  const cli = (args: readonly string[]): string => {
    return spawnSync('redis-cli', ['-p', port, ...args], { encoding: 'utf8' }).stdout.trim()
  }
  return { url: `redis://127.0.0.1:${port}`, start, kill, cli }
}

async function freeTcpPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

interface NodeOptions {
  readonly url: string
  readonly cluster?: string
  readonly config?: Record<string, unknown>
}

/** A started node with one redis topology; stopped when the test ends, before the server is. */
function node(
  t: TestContext,
  name: string,
  { url, cluster = 'shop', config }: NodeOptions,
): PretendedNode {
  const port = 4000 + name.charCodeAt(0) - 96
  const self = selfInfo({ name, cluster, addresses: [`127.0.0.1:${String(port)}`] })
  const topology = { strategy: 'redis', config: { url, intervalMs: 200, ...config } }
  const made = new PretendedNode({ db: topology }, { name, self })
  t.after(() => made.discovery.stop())
  made.discovery.start()
  return made
}

function figures(of: PretendedNode): { beats: number } {
  return of.discovery.status()[0]?.figures as { beats: number }
}

function state(of: PretendedNode): string | undefined {
  return of.eventsOf('health').at(-1)?.state
}

function goneReasons(of: PretendedNode): string[] {
  return of.eventsOf('peer-gone').map(({ reason }) => reason)
}

function goneOrLeft(of: PretendedNode, name: string): boolean {
  of.connected.delete(name)
  return of.eventsOf('peer-gone').some(({ peer }) => peer.nodeName === name)
}
