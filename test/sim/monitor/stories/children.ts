/** Illness of placement: children on both sides of a split, and a newcomer that has nothing to do. */
import type { NodeSettings } from '../../../../src/node/settings.ts'
import { supervisorDefaults, type ServiceContext } from '../../../../src/supervisor/index.ts'
import { partDefaults } from '../../sim-node.ts'
import type { Story } from '../story.ts'
import type { Ward } from '../ward.ts'

const childCount = 20
const splitMinMs = 10_000
const splitMaxMs = 25_000
const restMaxMs = 60_000
/** Rebalancing leaves a difference of one. */
const unevenMax = 1

/** Which instances live: node name by child, once for each instance. */
const living = new WeakMap<Ward, Map<object, { id: string; node: string }>>()

/** A split, its end, and a newcomer. Measures how many children too few the newcomer has in the end. */
export const splitAndJoin: Story = {
  name: 'children after a split and a join',
  cure: ['redial', 'rediscover', 'expected'],
  illMax: unevenMax,
  options: { node: nodeOf },
  async run(ward) {
    const { names } = ward
    const newcomer = names.at(-1) ?? ''
    const first = names.slice(0, -1)
    ward.beginAll(first)
    ward.trouble()
    await ward.settle('the start')
    await startChildren(ward)
    await rest(ward, 'the start of the children')
    ward.world.hub.partition(first.slice(0, 2), first.slice(2))
    await ward.pass(ward.span(splitMinMs, splitMaxMs))
    if (instancesOf(ward).size <= childCount) {
      ward.violation('a split without children on both sides')
    }
    ward.world.hub.partition()
    await ward.settle('the split')
    await rest(ward, 'the split')
    ward.world.begin(newcomer)
    await ward.settle('the join')
    await ward.pass(restMaxMs)
    await rest(ward, 'the join')
    const share = childCount / names.length
    return Math.max(0, share - countOn(ward, newcomer))
  },
}

function nodeOf(ward: Ward, name: string): Partial<NodeSettings> {
  class Counter {
    readonly #context: ServiceContext
    constructor(context: ServiceContext) {
      this.#context = context
    }
    start(): void {
      instancesOf(ward).set(this, { id: this.#context.id, node: name })
    }
    stop(): void {
      instancesOf(ward).delete(this)
    }
    handoff(): unknown {
      return {}
    }
  }
  const redistribution = ward.isTreated ? 'active' : 'passive'
  const supervisor = { ...supervisorDefaults, process_redistribution: redistribution } as const
  return { classes: { Counter }, parts: { ...partDefaults, supervisor } }
}

async function startChildren(ward: Ward): Promise<void> {
  const [life] = ward.world.up
  if (!life) return
  const started = Array.from({ length: childCount }, (_, at) =>
    life.parts.supervisor.startChild({ id: `child-${String(at)}`, service: 'Counter' }),
  )
  Promise.all(started).catch((thrown: unknown) => {
    ward.violation(`a child could not be started: ${String(thrown)}`)
  })
  await ward.pass(3_000)
}

/** Every child lives once, and every node knows where. */
async function rest(ward: Ward, after: string): Promise<void> {
  await ward.until(() => wrongWith(ward) === undefined, restMaxMs)
  const wrong = wrongWith(ward)
  if (wrong !== undefined) ward.violation(`children have not come to rest after ${after}: ${wrong}`)
}

function wrongWith(ward: Ward): string | undefined {
  const lived = [...instancesOf(ward).values()].map(({ id, node }) => `${id} ${node}`).sort()
  if (lived.length !== childCount) return `${String(lived.length)} instances live`
  for (const { name, parts } of ward.world.up) {
    const shown = parts.supervisor.which({ state: 'running' })
    const lines = shown.map(({ id, node = '' }) => `${id} ${node}`).sort()
    if (lines.join() !== lived.join()) return `${name} shows others than live`
  }
  return undefined
}

function countOn(ward: Ward, name: string): number {
  return [...instancesOf(ward).values()].filter(({ node }) => node === name).length
}

function instancesOf(ward: Ward): Map<object, { id: string; node: string }> {
  const known = living.get(ward) ?? new Map<object, { id: string; node: string }>()
  living.set(ward, known)
  return known
}
