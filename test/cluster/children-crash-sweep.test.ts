/**
 * A hand-over in which its source, its target or its home dies, at every few milliseconds of it. What
 * the others keep of the child goes on; it lives once whatever happens.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { rendezvousOwner } from '../../src/kernel/index.ts'
import type { ServiceContext } from '../../src/index.ts'
import { needs } from '../ground/ground.ts'
import { formCluster, type Cluster } from './form-cluster.ts'

const names = ['a', 'b', 'c', 'd'] as const
const roles = ['source', 'target', 'home'] as const
type Role = (typeof roles)[number]

/** Each way between two nodes takes this long, so that the steps of a hand-over lie apart. */
const wayMs = 4
const moments = Array.from({ length: 17 }, (_, at) => 6 * at)

/** Counts; a node that is killed keeps its instances, which are dead. */
class Counter {
  static readonly living = new Set<string>()
  readonly #node: string
  #value = 0
  constructor({ node }: ServiceContext) {
    this.#node = node
    Counter.living.add(node)
  }
  start(state?: number): void {
    this.#value = state ?? 0
  }
  handoff(): number {
    return this.#value
  }
  stop(): void {
    Counter.living.delete(this.#node)
  }
  add(): number {
    return (this.#value += 1)
  }
}

/** An id whose home is neither where it runs nor where it goes, unless that is what is asked for. */
function idWithHome(home: string): string {
  for (let at = 0; ; at++) {
    const id = `counter:${String(at)}`
    if (rendezvousOwner(id, names) === home) return id
  }
}

function form(): Promise<Cluster> {
  const options = { services: { Counter }, supervisor: { handoverTimeoutMs: 2_000 } }
  return formCluster(names, { options, delayMs: wayMs })
}

/** @returns whether the child went on with its state, and whether it lived on the victim until then. */
async function moveAndKill(
  role: Role,
  afterMs: number,
): Promise<{ isKept: boolean; wasThere: boolean }> {
  Counter.living.clear()
  await using cluster = await form()
  const { network, node } = cluster
  const id = idWithHome('d')
  const spec = { id, service: 'Counter', placement: 'local' }
  await network.run(node('a').supervisor.startChild(spec))
  assert.equal(await network.run(node('c').supervisor.get<Counter>(id).add()), 1)
  const moved = node('c')
    .supervisor.move(id, 'b')
    .catch(() => undefined)
  await network.advance(afterMs)
  const victim = { source: 'a', target: 'b', home: 'd' }[role]
  network.kill(victim)
  const wasThere = Counter.living.delete(victim)
  const rest = names.filter((name) => name !== victim)
  const isWell = (): boolean =>
    Counter.living.size === 1 &&
    rest.every((name) => {
      const [child, ...others] = node(name).supervisor.which()
      return (
        others.length === 0 && child?.state === 'running' && Counter.living.has(child.node ?? '')
      )
    })
  await network.until(`it lives once: ${role} killed after ${String(afterMs)} ms`, isWell)
  await network.run(moved)
  await network.advance(3_000)
  assert.ok(isWell(), `it stays so: ${role} killed after ${String(afterMs)} ms`)
  const asker = rest.find((name) => name !== 'a') ?? 'c'
  const value = await network.run(node(asker).supervisor.get<Counter>(id).add())
  return { isKept: value === 2, wasThere }
}

describe('a hand-over in which a process dies', needs('virtual time'), () => {
  for (const role of roles) {
    it(`leaves one child, whenever its ${role} dies`, async (t) => {
      const lostAfterMs: number[] = []
      let kept = 0
      for (const ms of moments) {
        const { isKept, wasThere } = await moveAndKill(role, ms)
        if (isKept) kept += 1
        else lostAfterMs.push(ms)
        // As after any crash; while it lives nowhere, who keeps its state is not alone.
        assert.ok(isKept || wasThere, `state lost: ${role} killed after ${String(ms)} ms`)
      }
      t.diagnostic(`without its state when killed after ${lostAfterMs.join(' ')} ms`)
      assert.ok(kept > 3, 'the moves were under way')
    })
  }
})
