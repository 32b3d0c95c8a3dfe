/**
 * A small network of network namespaces: one for each node, joined by a bridge in one of their own,
 * so that nothing of the machine's own network is touched. Cuts are rules of nftables inside the
 * namespaces: packets vanish, nobody is told.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import process from 'node:process'

/** Why tests that need namespaces cannot run here; false when they can. */
export const skipWithoutNamespaces: string | false = reasonToSkip()

const interfaceName = 'lan0'
/** Gossip and multicast DNS. */
const discoveryPorts = '{ 45893, 5353 }'
let lans = 0

function reasonToSkip(): string | false {
  if (process.getuid?.() !== 0) return 'SKIPPED: network namespaces need root'
  if (spawnSync('nft', ['--version']).status !== 0) return 'SKIPPED: the nft command is missing'
  const probe = `fnd-${String(process.pid)}-probe`
  if (spawnSync('ip', ['netns', 'add', probe]).status !== 0) {
    return 'SKIPPED: "ip netns add" does not work here'
  }
  const table = spawnSync('ip', ['netns', 'exec', probe, 'nft', 'add', 'table', 'inet', 'probe'])
  spawnSync('ip', ['netns', 'delete', probe])
  return table.status === 0 ? false : 'SKIPPED: nft makes no table in a namespace here'
}

function run(command: string): string {
  const [file = '', ...args] = command.split(' ')
  return execFileSync(file, args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString()
}

/** Namespaces by node name. `close` removes them all. */
export class Lan {
  readonly #prefix: string
  readonly #names: string[] = []

  constructor(names: readonly string[]) {
    lans += 1
    this.#prefix = `fnd-${String(process.pid)}-${String(lans)}`
    run(`ip netns add ${this.#hub}`)
    run(`ip -n ${this.#hub} link add br0 type bridge`)
    run(`ip -n ${this.#hub} link set br0 up`)
    for (const name of names) this.#join(name)
  }

  get #hub(): string {
    return `${this.#prefix}-hub`
  }

  /** The namespace of a node. */
  namespace(name: string): string {
    return `${this.#prefix}-${name}`
  }

  /** The address of a node. */
  address(name: string): string {
    return `10.77.0.${String(this.#names.indexOf(name) + 1)}`
  }

  /** No packet of `from` reaches `to` any more. */
  cutOneWay(from: string, to: string): void {
    this.#drop(to, `ip saddr ${this.address(from)}`)
  }

  /** No packet passes between two nodes. */
  cut(a: string, b: string): void {
    this.cutOneWay(a, b)
    this.cutOneWay(b, a)
  }

  /** No packet of discovery reaches anybody any more: what is found from now on was known before. */
  silenceDiscovery(): void {
    for (const name of this.#names) this.#drop(name, `udp dport ${discoveryPorts}`, 'quiet')
  }

  /** Takes all cuts away; discovery stays silenced. */
  heal(): void {
    for (const name of this.#names) run(`${this.#inside(name)} nft flush chain inet cuts input`)
  }

  /** What a command prints inside a node's namespace. */
  inside(name: string, command: string): string {
    return run(`${this.#inside(name)} ${command}`)
  }

  /** Removes all namespaces, and what is in them. */
  close(): void {
    for (const name of this.#names) spawnSync('ip', ['netns', 'delete', this.namespace(name)])
    spawnSync('ip', ['netns', 'delete', this.#hub])
  }

  #inside(name: string): string {
    return `ip netns exec ${this.namespace(name)}`
  }

  #join(name: string): void {
    const namespace = this.namespace(name)
    this.#names.push(name)
    run(`ip netns add ${namespace}`)
    run(`ip -n ${namespace} link set lo up`)
    const port = `port${String(this.#names.length)}`
    run(
      `ip link add ${port} netns ${this.#hub} type veth peer name ${interfaceName} netns ${namespace}`,
    )
    run(`ip -n ${this.#hub} link set ${port} master br0`)
    run(`ip -n ${this.#hub} link set ${port} up`)
    run(`ip -n ${namespace} address add ${this.address(name)}/24 dev ${interfaceName}`)
    run(`ip -n ${namespace} link set ${interfaceName} up`)
    for (const [table, chain] of [
      ['cuts', 'input'],
      ['quiet', 'input'],
    ]) {
      run(`${this.#inside(name)} nft add table inet ${table ?? ''}`)
      const hook = '{ type filter hook input priority 0 ; }'
      run(`${this.#inside(name)} nft add chain inet ${table ?? ''} ${chain ?? ''} ${hook}`)
    }
  }

  #drop(name: string, what: string, table = 'cuts'): void {
    run(`${this.#inside(name)} nft add rule inet ${table} input ${what} drop`)
  }
}
