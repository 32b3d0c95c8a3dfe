/** A rolling upgrade of a cluster that works meanwhile: messages, names, a child, commits. */
import assert from 'node:assert/strict'
import type { Counter } from '../../src/cli/demo/worker/services.ts'
import type { FoundationNode } from '../../src/index.ts'
import { until } from '../../src/testing/waiting/until.ts'
import type { VersionRange } from '../../src/wire/index.ts'
import type { Fleet } from './engines.ts'
import { Traffic } from './traffic.ts'

interface Clerk {
  who(): string
}

const namesEach = 10
const child = 'counter'

/** The nodes need the service `Counter`. */
export class Upgrade {
  readonly #fleet: Fleet
  readonly #traffic: Traffic
  /** Names that were acknowledged and whose owner has not been told to leave. */
  readonly #owners = new Map<string, string>()
  readonly #lost: string[] = []
  #counted = 0
  #steps = 0

  constructor(fleet: Fleet) {
    this.#fleet = fleet
    this.#traffic = new Traffic(() => fleet.nodes)
  }

  /** Starts the work on the nodes that are there. */
  async begin(): Promise<void> {
    for (const node of this.#fleet.nodes) await this.#employ(node)
    const [first] = this.#fleet.nodes
    await first?.supervisor.startChild({ id: child, service: 'Counter', ack: 'running' })
    await this.#work()
    this.#traffic.start()
  }

  /** A node leaves, and one of other versions comes under its name. */
  async replace(name: string, protocol: VersionRange): Promise<void> {
    for (const [entry, owner] of this.#owners) if (owner === name) this.#owners.delete(entry)
    await this.#fleet.leave(name)
    await this.#work()
    const node = await this.#fleet.add(name, protocol)
    await this.#fleet.ready()
    await this.#employ(node)
    await this.#work()
  }

  async finish(): Promise<void> {
    await this.#traffic.stop()
  }

  async #employ(node: FoundationNode): Promise<void> {
    await this.#traffic.listen(node)
    node.registry.watch(({ type, entry }) => {
      if (type === 'unregistered' && this.#owners.has(entry.name)) this.#lost.push(entry.name)
    })
    const who = (): string => node.name
    for (let at = 0; at < namesEach; at++) {
      const name = `${node.name}-${String(at)}`
      await node.registry.register(name, { who })
      this.#owners.set(name, node.name)
    }
  }

  /** Everything works from everywhere. */
  async #work(): Promise<void> {
    this.#steps += 1
    const { nodes } = this.#fleet
    const [committer] = nodes
    await committer?.config.commit('step', this.#steps)
    for (const node of nodes) {
      assert.equal(node.config.get('step'), this.#steps)
      await this.#callNames(node)
      this.#counted += 1
      const { value } = await node.supervisor.get<Counter>(child).add(1)
      assert.equal(value, this.#counted, 'the child kept its count')
    }
    assert.deepEqual(this.#lost, [])
  }

  async #callNames(node: FoundationNode): Promise<void> {
    for (const [name, owner] of this.#owners) {
      await until(`${node.name} knows ${name}`, () => node.registry.lookup(name)?.node === owner)
      assert.equal(await node.registry.get<Clerk>(name).who(), owner)
    }
  }
}
