/** What must hold of children once everything is healed. */
import type { ChildRecord, Placement } from '../../../src/supervisor/core/records.ts'
import type { ChildInfo } from '../../../src/supervisor/index.ts'
import type { SimNode } from '../sim-node.ts'
import type { World } from '../world.ts'
import { holds, type ChildrenWorkload } from './children-workload.ts'
import type { Oracle } from './oracle.ts'

/** What is looked at. */
export interface ChildrenWorld {
  readonly world: World
  readonly oracle: Oracle
  readonly workload: ChildrenWorkload
}

/** Why children are not as they should be yet; undefined when they are. */
export function childrenDiffer({ world, oracle, workload }: ChildrenWorld): string | undefined {
  const [first, ...rest] = world.up
  if (!first) return 'nobody is up'
  for (const life of world.up) {
    if (life.parts.membership.members().length !== world.up.length) {
      return `${life.name} does not see everybody`
    }
  }
  const shown = shownBy(first)
  const wanted = wantedBy(first)
  if (rest.some((life) => wantedBy(life) !== wanted)) return 'records of children differ'
  const other = rest.find((life) => shownBy(life) !== shown)
  if (other) return `${other.name} shows ${shownBy(other)}, ${first.name} shows ${shown}`
  return lostOnes(world, workload) ?? wrongOnes({ world, oracle }, first) ?? leftOvers(world)
}

/** All a life knows of children, as text. */
function shownBy({ parts }: SimNode): string {
  const lines = parts.supervisor.which().map(({ id, state, node, epoch }) => {
    return `${id} ${state} ${node ?? '-'} ${String(epoch)}`
  })
  return lines.sort().join('; ')
}

/** A hash of what a life knows to be wanted. */
function wantedBy({ parts }: SimNode): string {
  return Buffer.from(parts.versionedMap.digest()).toString('hex')
}

/** What was accepted and never taken back is still wanted, unless all who knew of it are gone. */
function lostOnes(world: World, { accepted }: ChildrenWorkload): string | undefined {
  for (const [id, { holders }] of accepted) {
    const isExcused = holders.every(({ state }) => state === 'ended')
    const lacking = world.up.find(({ parts }) => !holds(parts, id))
    if (lacking && !isExcused) return `${lacking.name} does not know the accepted child ${id}`
  }
  return undefined
}

/** What is wanted lives once, where all nodes say it does; what is not does not. */
function wrongOnes(
  { oracle }: Pick<ChildrenWorld, 'world' | 'oracle'>,
  life: SimNode,
): string | undefined {
  const shown = new Map(life.parts.supervisor.which().map((info) => [info.id, info]))
  for (const id of new Set([...oracle.ids(), ...shown.keys()])) {
    const living = oracle.living(id).map((instance) => instance.life.name)
    const problem = wrongWith(shown.get(id), living)
    if (problem !== undefined) return `${id} ${problem}`
  }
  return undefined
}

/** Nothing of these is at work. */
const restful: readonly string[] = ['failed', 'completed', 'unwanted']

function wrongWith(info: ChildInfo | undefined, living: readonly string[]): string | undefined {
  const { state, node = '' } = info ?? { state: 'unwanted' }
  const expected = restful.includes(state) ? '' : node
  if (expected === living.join() && (restful.includes(state) || state === 'running'))
    return undefined
  return `is ${state}, on ${node}, and lives on [${living.join(', ')}]`
}

/** No hand-over, no place and no state is left over. */
function leftOvers(world: World): string | undefined {
  for (const life of world.up) {
    const { underWay } = life.parts.supervisor.status()
    if (underWay > 0) return `${life.name} still has ${String(underWay)} things under way`
    for (const { key, value } of life.parts.ownerLog.entries('children', { owner: life.name })) {
      const placement = value as Placement
      if (placement.state !== 'running') return `${life.name} still says ${key} ${placement.state}`
      const wanted = life.parts.versionedMap.space('children').get(key)?.value
      if (placement.hash !== (wanted as ChildRecord | undefined)?.hash) {
        return `${life.name} still runs ${key} by another specification`
      }
    }
  }
  return undefined
}
