/**
 * Gossip between network namespaces made for the test: two joined by a veth pair, and one with
 * nothing but loopback. Needs root and `ip`; otherwise skipped, with the reason in the report.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { until } from '../../../testing/until.ts'
import { PretendedNode, secret } from '../../discovery-kit.test.ts'

const options = { skip: reasonToSkip() }
const [, , role, name = '', address = ''] = process.argv

if (role === 'child') runChild()
else {
  it(
    'gossip: crosses a veth pair, with the address of the interface it left by',
    options,
    async (t) => {
      const [left, right] = [namespace(t, 'l'), namespace(t, 'r')]
      ip(`link add fndv0 netns ${left} type veth peer name fndv1 netns ${right}`)
      connectInterface(left, 'fndv0', '10.211.0.1/24')
      connectInterface(right, 'fndv1', '10.211.0.2/24')
      const a = child(t, left, ['a', '10.211.0.1:4001'])
      const b = child(t, right, ['b', '10.211.0.2:4002'])
      await until('a dials b', () => a.said.includes('dialed 10.211.0.2:4002'), 10_000)
      await until('b dials a', () => b.said.includes('dialed 10.211.0.1:4001'), 10_000)
      ip(`-n ${left} link set fndv0 down`)
      ip(`-n ${left} link set fndv0 up`)
      child(t, right, ['c', '10.211.0.2:4003'])
      const again = 'a dials a newcomer over the link that is back'
      await until(again, () => a.said.includes('dialed 10.211.0.2:4003'), 20_000)
    },
  )

  it('gossip: works where there is only loopback', options, async (t) => {
    const only = namespace(t, 'o')
    const a = child(t, only, ['a', '127.0.0.1:4001'])
    const b = child(t, only, ['b', '127.0.0.1:4002'])
    await until('a dials b', () => a.said.includes('dialed 127.0.0.1:4002'), 10_000)
    await until('b dials a', () => b.said.includes('dialed 127.0.0.1:4001'), 10_000)
    assert.ok(!a.said.includes('degraded'))
  })
}

function reasonToSkip(): string | false {
  const isRoot = process.getuid?.() === 0
  if (!isRoot) return 'SKIPPED: network namespaces need root'
  const hasIp = spawnSync('ip', ['netns', 'list']).status === 0
  return hasIp ? false : 'SKIPPED: there is no "ip netns" here'
}

function ip(command: string): void {
  execFileSync('ip', command.split(' '), { stdio: 'pipe' })
}

/** A namespace with loopback up; removed when the test ends. */
function namespace(t: TestContext, letter: string): string {
  const made = `fnd-${String(process.pid)}-${letter}`
  ip(`netns add ${made}`)
  t.after(() => {
    ip(`netns delete ${made}`)
  })
  ip(`-n ${made} link set lo up`)
  return made
}

function connectInterface(inside: string, link: string, subnet: string): void {
  ip(`-n ${inside} address add ${subnet} dev ${link}`)
  ip(`-n ${inside} link set ${link} up`)
}

interface Child {
  said: string
  readonly process: ChildProcess
}

/** A node inside a namespace; killed when the test ends. */
function child(t: TestContext, inside: string, args: readonly [string, string]): Child {
  const command = [process.execPath, fileURLToPath(import.meta.url), 'child', ...args]
  const started = spawn('ip', ['netns', 'exec', inside, ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const made: Child = { said: '', process: started }
  started.stdout.on('data', (bytes) => (made.said += String(bytes)))
  t.after(() => started.kill('SIGKILL'))
  return made
}

function runChild(): void {
  const lan = { strategy: 'gossip', config: { intervalMs: 300 } }
  const made: PretendedNode = new PretendedNode(
    { lan },
    {
      name,
      secrets: [secret],
      self: { addresses: [address] },
      deps: {
        interfaces: undefined,
        news: (event) => {
          if (event.type === 'dialed') process.stdout.write(`dialed ${event.address}\n`)
          if (event.type === 'health') process.stdout.write(`health ${event.state}\n`)
        },
      },
    },
  )
  made.discovery.start()
}
