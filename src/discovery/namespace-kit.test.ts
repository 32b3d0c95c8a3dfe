/** Network namespaces for the tests of strategies, and programs inside them. No tests here. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import type { TestContext } from 'node:test'

/** Why tests that need namespaces cannot run here; false when they can. */
export const skipWithoutNamespaces: string | false = reasonToSkip()

let namespaces = 0

function reasonToSkip(): string | false {
  if (process.getuid?.() !== 0) return 'SKIPPED: network namespaces need root'
  const hasIp = spawnSync('ip', ['netns', 'list']).status === 0
  return hasIp ? false : 'SKIPPED: there is no "ip netns" here'
}

/** Runs `ip` with these words. */
export function ip(command: string): void {
  execFileSync('ip', command.split(' '), { stdio: 'pipe' })
}

/** A namespace with loopback up; removed when the test ends. */
export function namespace(t: TestContext): string {
  namespaces += 1
  const made = `fnd-${String(process.pid)}-${String(namespaces)}`
  ip(`netns add ${made}`)
  t.after(() => {
    ip(`netns delete ${made}`)
  })
  ip(`-n ${made} link set lo up`)
  return made
}

/** Gives an interface of a namespace its address and puts it up. */
export function connectInterface(inside: string, link: string, subnet: string): void {
  ip(`-n ${inside} address add ${subnet} dev ${link}`)
  ip(`-n ${inside} link set ${link} up`)
}

/** As many namespaces as addresses, each with its address on `lan0`, all on one bridge. */
export function bridged(t: TestContext, addresses: readonly string[]): string[] {
  const hub = namespace(t)
  ip(`-n ${hub} link add br0 type bridge`)
  ip(`-n ${hub} link set br0 up`)
  return addresses.map((address, index) => {
    const inside = namespace(t)
    const port = `port${String(index)}`
    ip(`link add ${port} netns ${hub} type veth peer name lan0 netns ${inside}`)
    ip(`-n ${hub} link set ${port} master br0`)
    ip(`-n ${hub} link set ${port} up`)
    connectInterface(inside, 'lan0', `${address}/24`)
    return inside
  })
}

/** A program that runs, and what it has printed. */
export interface Child {
  said: string
  readonly process: ChildProcess
}

/** A program inside a namespace; killed when the test ends. */
export function programIn(
  t: TestContext,
  inside: string,
  { command, env = {} }: { command: readonly string[]; env?: Record<string, string> },
): Child {
  const started = spawn('ip', ['netns', 'exec', inside, ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  const made: Child = { said: '', process: started }
  for (const stream of [started.stdout, started.stderr]) {
    stream.on('data', (bytes) => (made.said += String(bytes)))
  }
  t.after(() => started.kill('SIGKILL'))
  return made
}

/** This test file again, inside a namespace, with `child` and these words as its arguments. */
export function childIn(t: TestContext, inside: string, args: readonly string[]): Child {
  const [, file = ''] = process.argv
  return programIn(t, inside, { command: [process.execPath, file, 'child', ...args] })
}
