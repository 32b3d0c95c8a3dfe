/** What must hold after every step, and what must hold soon after everything is healed. */
import { channelClasses } from '../../src/transport/index.ts'
import type { LogState } from '../../src/replication/index.ts'
import type { SimNode } from './sim-node.ts'
import type { Workload } from './workload.ts'
import { classMaxBytes, type World } from './world.ts'

/** After each step: views and bounds. */
export function checkStep(world: World): void {
  for (const life of world.up) {
    checkView(world, life)
    checkQueues(world, life)
  }
}

function checkView(world: World, life: SimNode): void {
  const members = life.parts.membership.members()
  const names = members.map(({ name }) => name)
  if (new Set(names).size < names.length) {
    world.records.violation(`${life.name} has two members of one name: ${names.join(', ')}`)
  }
  const self = members.find(({ isSelf }) => isSelf)
  if (self?.incarnation !== life.incarnation || self.status !== 'alive') {
    world.records.violation(`${life.name} does not see itself alive`)
  }
}

function checkQueues(world: World, life: SimNode): void {
  for (const link of life.parts.transport.stats()) {
    for (const name of channelClasses) {
      const queuedBytes = link.classes[name]?.queuedBytes ?? 0
      if (queuedBytes > classMaxBytes) {
        world.records.violation(
          `${life.name} holds ${String(queuedBytes)} bytes of ${name} for ${link.peer}`,
        )
      }
    }
  }
}

/** Why the world has not converged yet; undefined when it has. */
export function notConverged(world: World, workload: Workload): string | undefined {
  if (world.awake.length + world.gone.size < world.names.length)
    return 'not everybody is up and awake'
  for (const life of world.up) {
    const reason =
      viewDiffers(world, life) ??
      logsDiffer(world, life) ??
      interestDiffers({ world, life, workload })
    if (reason !== undefined) return `${life.name}: ${reason}`
  }
  return undefined
}

function viewDiffers(world: World, life: SimNode): string | undefined {
  const shown = life.parts.membership
    .members()
    .map(({ name, incarnation, status }) => `${name} ${incarnation} ${status}`)
    .sort()
  const real = world.up.map(({ name, incarnation }) => `${name} ${incarnation} alive`).sort()
  const wrong = [
    ...shown.filter((line) => !real.includes(line)),
    ...real.filter((line) => !shown.includes(line)),
  ]
  if (wrong.length > 0) return `its view differs in ${wrong.join('; ')}`
  const unlinked = world.up.filter(
    ({ name }) => name !== life.name && !life.parts.membership.peers().includes(name),
  )
  return unlinked.length > 0
    ? `it has no link to ${unlinked.map(({ name }) => name).join(', ')}`
    : undefined
}

function logsDiffer(world: World, life: SimNode): string | undefined {
  const held = new Map(life.parts.ownerLog.digest().map((state) => [state.owner, state]))
  for (const owner of world.up) {
    const own = owner.parts.ownerLog.digest()[0]
    const copy = held.get(owner.name)
    if (!own || !copy || fingerprint(own) !== fingerprint(copy))
      return `its log of ${owner.name} differs`
  }
  return undefined
}

function fingerprint({ incarnation, sequence, hash, entries }: LogState): string {
  return `${incarnation} ${String(sequence)} ${hash} ${String(entries)}`
}

function interestDiffers(of: {
  world: World
  life: SimNode
  workload: Workload
}): string | undefined {
  const { world, life, workload } = of
  const known = new Map<string, string[]>()
  for (const { owner, key } of life.parts.ownerLog.entries('interest')) {
    known.set(owner, [...(known.get(owner) ?? []), key])
  }
  for (const owner of world.up) {
    const real = workload.interestOf(owner).join(', ')
    const shown = (known.get(owner.name) ?? []).sort().join(', ')
    if (real !== shown) return `it knows [${shown}] of ${owner.name}, which wants [${real}]`
  }
  const dead = [...known.keys()].filter((owner) => !world.up.some(({ name }) => name === owner))
  return dead.length > 0 ? `it holds interest of ${dead.join(', ')}` : undefined
}
