/** What must hold of names after every step, and what must hold soon after everything is healed. */
import type { SimNode } from '../sim-node.ts'
import type { World } from '../world.ts'
import type { Holding, Holdings } from './holdings.ts'
import { metaKeys } from './name-workload.ts'

/** Most claims, grants and held claims a registry of the simulation may have. */
const openMax = 200

/** After each step: entries only of owners that are up, only what owners said, bounded tables. */
export function checkTables(world: World, holdings: Holdings): void {
  for (const life of world.up) {
    const { registry, membership } = life.parts
    for (const { name, node, epoch } of registry.select()) {
      const owner = membership.member(node)
      if (owner?.status !== 'alive' && owner?.status !== 'suspect') {
        world.records.violation(`${life.name} shows "${name}" of ${node}, which is not up`)
      } else checkSaid(world, { life, holdings, name, node, epoch })
    }
    const { claims, grants, held } = registry.stats()
    if (Math.max(claims, grants, held) > openMax) {
      world.records.violation(`${life.name} has ${String(claims + grants + held)} open claims`)
    }
  }
}

/** Nobody but its owner says anything of a name. */
function checkSaid(
  world: World,
  of: { life: SimNode; holdings: Holdings; name: string; node: string; epoch: number },
): void {
  const { life, holdings, name, node, epoch } = of
  const { incarnation } = life.parts.membership.member(node) ?? {}
  const owner = [...world.lives.values()].find((one) => one.incarnation === incarnation)
  // A registration of this very turn is written down when its promise has settled.
  if (!owner || owner.parts.registry.lookup(name)?.epoch === epoch) return
  if (!holdings.wasSaid(owner, name, epoch) && owner.state === 'up') {
    world.records.violation(
      `${life.name} shows "${name}" ${String(epoch)} of ${node}, who never had it`,
    )
  }
}

/** In worlds whose links are sound: a name does not go to two who each saw the other when it got it. */
export function checkSoleOwner(
  world: World,
  holdings: Holdings,
  { life, registration, view }: Holding,
): void {
  const { name } = registration
  const rival = holdings.holders(name, world.up).find((one) => {
    const isSeen = one !== life && view.has(one.incarnation)
    return isSeen && holdings.latest(one, name)?.view.has(life.incarnation)
  })
  if (!rival) return
  world.records.violation(`${life.name} got "${name}", which ${rival.name} has, in sight of it`)
}

/** Why the tables are not equal yet; undefined when they are, and are what the owners say. */
export function tablesDiffer(world: World, holdings: Holdings): string | undefined {
  const truth = world.up.flatMap((life) => holdings.of(life).map(lineOf)).sort()
  const doubles = truth.filter((line, at) => line.split(' ')[0] === truth[at - 1]?.split(' ')[0])
  if (doubles.length > 0) return `two owners: ${doubles.join('; ')}`
  const groups = groupLines(world, holdings)
  for (const life of world.up) {
    const { registry } = life.parts
    const shown = registry.select().map(({ name, node, epoch, meta }) => {
      return `${name} ${node} ${String(epoch)} ${JSON.stringify(meta)}`
    })
    const wrong = difference(shown, truth)
    if (wrong) return `${life.name}: ${wrong}`
    const members = ['red', 'blue'].flatMap((group) => registry.members(group))
    const wrongGroup = difference(
      members.map(({ group, node, meta }) => `${group} ${node} ${String(meta)}`),
      groups,
    )
    if (wrongGroup) return `${life.name}: groups: ${wrongGroup}`
  }
  return undefined
}

/** Why the shared metadata is not equal yet. */
export function metaDiffers(world: World): string | undefined {
  const shown = world.up.map(({ parts: { registry } }) =>
    metaKeys.map((key) => String(registry.meta.get(key))).join('; '),
  )
  return new Set(shown).size > 1 ? `metadata: [${shown.join('], [')}]` : undefined
}

/** Once all is quiet: nothing is left open. */
export function leftOpen(world: World): string | undefined {
  for (const life of world.up) {
    const { claims, grants, held, isSettled } = life.parts.registry.stats()
    if (!isSettled) return `${life.name}: the view is not agreed on`
    const open = { claims, grants, held }
    if (claims + grants + held > 0) return `${life.name}: ${JSON.stringify(open)}`
  }
  return undefined
}

function lineOf({ life, registration }: Holding): string {
  const { name, epoch, meta } = registration
  return `${name} ${life.name} ${String(epoch)} ${JSON.stringify(meta)}`
}

function groupLines(world: World, holdings: Holdings): string[] {
  return world.up.flatMap((life) =>
    [...(holdings.groups.get(life)?.keys() ?? [])].map(
      (group) => `${group} ${life.name} ${life.name}`,
    ),
  )
}

function difference(shown: readonly string[], truth: readonly string[]): string | undefined {
  const extra = shown.filter((line) => !truth.includes(line))
  const missing = truth.filter((line) => !shown.includes(line))
  if (extra.length + missing.length === 0) return undefined
  return `shows [${extra.join('; ')}], misses [${missing.join('; ')}]`
}
