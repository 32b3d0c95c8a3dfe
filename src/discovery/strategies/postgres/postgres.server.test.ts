/**
 * `postgres` against a real server in a folder of its own, on a free port of loopback. It refuses to
 * run as root, so root runs it as the user "postgres". Skipped, and says so, without a server.
 */
import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { describeStrategy } from '../../../testing/describe-strategy.ts'
import { until } from '../../../testing/waiting/until.ts'
import { PretendedNode, selfInfo } from '../../discovery-kit.test.ts'

const patienceMs = 30_000
const binFolder = await findServer()
const skip = binFolder === undefined ? 'SKIPPED: there is no PostgreSQL server here' : false

describe('postgres', { skip }, () => {
  let server: Server
  before(async () => {
    server = await Server.make(binFolder ?? '')
    await server.start()
  })
  after(() => server.remove())

  it('nodes find each other at once, and hear the goodbye', async (t) => {
    const at = { url: server.url, cluster: 'first' }
    const a = node(t, 'a', at)
    await until('a has written its row', () => figures(a).beats > 0, patienceMs)
    const b = node(t, 'b', at)
    await until(
      'both know each other',
      () => a.connected.has('b') && b.connected.has('a'),
      patienceMs,
    )
    assert.deepEqual([a.dials, b.dials], [['127.0.0.1:4002'], ['127.0.0.1:4001']])
    await b.discovery.stop()
    await until('a heard the goodbye', () => goneReasons(a).includes('goodbye'), patienceMs)
    assert.equal(server.query("select count(*) from foundation_nodes where cluster = 'first'"), '1')
  })

  it('many nodes begin at once in an empty database, two apps among them', async (t) => {
    server.query('create database fresh')
    const url = server.urlOf('fresh')
    const shop = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => node(t, name, { url }))
    const cart = ['x', 'y'].map((name) => node(t, name, { url, cluster: 'cart' }))
    await until(
      'all know their own',
      () => shop.every(knows(5)) && cart.every(knows(1)),
      patienceMs,
    )
    assert.ok([...shop, ...cart].every((one) => state(one) !== 'degraded'))
    assert.deepEqual(cart[0]?.seen, ['y'])
  })

  it('the row of a node that died ends by itself', async (t) => {
    const a = node(t, 'a', { url: server.url, cluster: 'third' })
    await until('a has written its row', () => figures(a).beats > 0, patienceMs)
    const dead = { kind: 'here', name: 'dead', incarnation: '1', addresses: ['127.0.0.1:9'] }
    const values = `'third', 'dead', '1', '${JSON.stringify(dead)}', clock_timestamp() + interval '600 ms'`
    server.query(`insert into foundation_nodes values (${values})`)
    await until('a has seen it', () => a.seen.includes('dead'), patienceMs)
    const isGone = (): boolean => {
      a.connected.delete('dead')
      return a.eventsOf('peer-gone').some(({ peer }) => peer.nodeName === 'dead')
    }
    await until('a hears no more of it', isGone, patienceMs)
    assert.equal(server.query("select count(*) from foundation_nodes where cluster = 'third'"), '1')
  })

  it('a connection that is cut is made again, and nobody is gone', async (t) => {
    const at = { url: server.url, cluster: 'fourth' }
    const [a, b] = [node(t, 'a', at), node(t, 'b', at)]
    await until(
      'both know each other',
      () => a.connected.has('b') && b.connected.has('a'),
      patienceMs,
    )
    const { connections } = figures(a)
    server.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'foundation fourth'",
    )
    await until(
      'a is back',
      () => figures(a).connections > connections && state(a) === 'ok',
      patienceMs,
    )
    const c = node(t, 'c', at)
    await until(
      'a newcomer is found',
      () => a.connected.has('c') && c.connected.has('b'),
      patienceMs,
    )
    assert.deepEqual([goneReasons(a), goneReasons(b)], [[], []])
  })

  it('a role that may not make tables uses one that is there, and says so when it is not', async (t) => {
    server.query('create database strict')
    server.query('create role plain login')
    const url = server.urlOf('strict', 'plain')
    const lost = node(t, 'a', { url })
    await until('a is degraded', () => state(lost) === 'degraded', patienceMs)
    assert.match(lost.eventsOf('health')[0]?.detail ?? '', /permission denied/)
    const first = node(t, 'b', { url: server.urlOf('strict') })
    await until('the table is there', () => figures(first).beats > 0, patienceMs)
    server.query('grant select, insert, update, delete on foundation_nodes to plain', 'strict')
    await until('a is well', () => lost.connected.has('b') && first.connected.has('a'), patienceMs)
  })

  it('the server is stopped and started again: nobody is gone, all come back', async (t) => {
    const at = { url: server.url, cluster: 'last' }
    const [a, b] = [node(t, 'a', at), node(t, 'b', at)]
    await until(
      'both know each other',
      () => a.connected.has('b') && b.connected.has('a'),
      patienceMs,
    )
    await server.kill()
    await until('a is degraded', () => state(a) === 'degraded', patienceMs)
    await server.start()
    await until('both are well', () => state(a) === 'ok' && state(b) === 'ok', patienceMs)
    const c = node(t, 'c', at)
    await until(
      'a newcomer is found',
      () => a.connected.has('c') && c.connected.has('b'),
      patienceMs,
    )
    assert.deepEqual([goneReasons(a), goneReasons(b)], [[], []])
  })
})

it('postgres: a server that is not there degrades it, without showing the password', async (t) => {
  const a = node(t, 'a', { url: 'postgres://me:hush@127.0.0.1:1/db' })
  await until('a is degraded', () => state(a) === 'degraded', patienceMs)
  assert.match(
    a.eventsOf('health')[0]?.detail ?? '',
    /postgres at 127\.0\.0\.1:1\/db: .*ECONNREFUSED/,
  )
  assert.ok(!JSON.stringify([a.news, a.discovery.status()]).includes('hush'))
})

it('postgres: refuses a table name that is none', () => {
  const config = { table: 'x"; drop table y' }
  assert.throws(() => new PretendedNode({ db: { strategy: 'postgres', config } }), {
    code: 'FND_OPTION_INVALID',
  })
})

describeStrategy('postgres', () => ({
  topology: { strategy: 'postgres', config: { url: 'postgres://127.0.0.1:1/db' } },
}))

/** Debian keeps the programs of each version in a folder of its own. */
async function findServer(): Promise<string | undefined> {
  const parent = '/usr/lib/postgresql'
  const versions = await readdir(parent).catch(() => [])
  const newest = versions.sort((a, b) => Number(a) - Number(b)).at(-1)
  if (newest === undefined) return undefined
  const folder = join(parent, newest, 'bin')
  return spawnSync(join(folder, 'postgres'), ['--version']).status === 0 ? folder : undefined
}

/** A database server that only these tests use. */
class Server {
  readonly #bin: string
  readonly #folder: string
  readonly #port: number
  #process: ChildProcess | undefined

  private constructor(bin: string, folder: string, port: number) {
    this.#bin = bin
    this.#folder = folder
    this.#port = port
  }

  static async make(bin: string): Promise<Server> {
    const folder = await mkdtemp(join(tmpdir(), 'foundation-postgres-'))
    const made = new Server(bin, folder, await freeTcpPort())
    if (isRoot()) await chown(folder, idOf('-u'), idOf('-g'))
    const flags = ['-D', join(folder, 'data'), '--auth=trust', '--no-sync', '-U', 'postgres']
    const { status, stderr } = made.#run('initdb', flags)
    assert.equal(status, 0, stderr)
    return made
  }

  get url(): string {
    return this.urlOf('postgres')
  }

  urlOf(database: string, user = 'postgres'): string {
    return `postgres://${user}@127.0.0.1:${String(this.#port)}/${database}`
  }

  async start(): Promise<void> {
    const place = ['-D', join(this.#folder, 'data'), '-k', this.#folder, '-h', '127.0.0.1']
    const [file = '', ...args] = this.#command('postgres', [
      ...place,
      '-p',
      String(this.#port),
      '-F',
    ])
    this.#process = spawn(file, args, { stdio: 'ignore', cwd: this.#folder })
    const isUp = (): boolean =>
      this.#run('pg_isready', ['-h', '127.0.0.1', '-p', String(this.#port)]).status === 0
    await until('postgres is up', isUp, patienceMs)
  }

  /** At once, with what was going on rolled back by the next start. */
  async kill(): Promise<void> {
    const server = this.#process
    if (server?.exitCode !== null || server.signalCode !== null) return
    const ended = new Promise((resolve) => server.once('exit', resolve))
    this.#run('pg_ctl', ['stop', '-D', join(this.#folder, 'data'), '-m', 'immediate'])
    await ended
  }

  async remove(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }

  query(text: string, database = 'postgres'): string {
    const { stdout, stderr, status } = this.#run('psql', ['-At', '-c', text, this.urlOf(database)])
    assert.equal(status, 0, stderr)
    return stdout.trim()
  }

  #run(
    program: string,
    args: readonly string[],
  ): { status: number | null; stdout: string; stderr: string } {
    const [file = '', ...words] = this.#command(program, args)
    return spawnSync(file, words, { encoding: 'utf8', cwd: this.#folder })
  }

  #command(program: string, args: readonly string[]): string[] {
    const own = [join(this.#bin, program), ...args]
    return isRoot() ? ['runuser', '-u', 'postgres', '--', ...own] : own
  }
}

function isRoot(): boolean {
  return userInfo().uid === 0
}

function idOf(flag: string): number {
  return Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout)
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
}

/** A started node with one postgres topology; stopped when the test ends. */
function node(t: TestContext, name: string, { url, cluster = 'shop' }: NodeOptions): PretendedNode {
  const port = 4000 + name.charCodeAt(0) - 96
  const self = selfInfo({ name, cluster, addresses: [`127.0.0.1:${String(port)}`] })
  const topology = { strategy: 'postgres', config: { url, intervalMs: 200 } }
  const made = new PretendedNode({ db: topology }, { name, self })
  t.after(() => made.discovery.stop())
  made.discovery.start()
  return made
}

function figures(of: PretendedNode): { beats: number; connections: number } {
  return of.discovery.status()[0]?.figures as { beats: number; connections: number }
}

function state(of: PretendedNode): string | undefined {
  return of.eventsOf('health').at(-1)?.state
}

function goneReasons(of: PretendedNode): string[] {
  return of.eventsOf('peer-gone').map(({ reason }) => reason)
}

function knows(count: number): (node: PretendedNode) => boolean {
  return ({ connected }) => connected.size === count
}
