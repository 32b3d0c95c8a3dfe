/** Illness of members: those that come and go, those that are slow, and those that are well. */
import type { Story } from '../story.ts'
import type { Ward } from '../ward.ts'

const flapForMs = 120_000
const calmForMs = 120_000
const sickForMs = 90_000
const wellForMs = 600_000
const hourMs = 3_600_000
/** A name that is quarantined comes up once for each time it is let in, and a few times before. */
const arrivalsMax = 8
const quarantine = ['redial', 'rediscover', 'quarantine'] as const

/** A process that crashes soon after each start. Measures how often one member saw it arrive. */
export const flapping: Story = {
  name: 'a member that comes and goes',
  cure: quarantine,
  illMax: arrivalsMax,
  async run(ward) {
    ward.beginAll()
    await ward.settle('the start')
    ward.trouble()
    const victim = ward.pick(ward.names)
    const witness = ward.pick(ward.names.filter((name) => name !== victim))
    const arrivals = arrivalsOf(ward, victim, witness)
    await ward.during(flapForMs, () => crash(ward, [victim]))
    const seen = arrivals()
    await ward.pass(calmForMs)
    await ward.settle('a member that came and went')
    return seen
  },
}

/** Two at once: never more than a third of the members may be kept out. */
export const manyFlap: Story = {
  name: 'many that come and go',
  cure: quarantine,
  isBeyondCure: true,
  illMax: 0,
  async run(ward) {
    ward.beginAll()
    await ward.settle('the start')
    ward.trouble()
    const first = ward.pick(ward.names)
    const second = ward.pick(ward.names.filter((name) => name !== first))
    await ward.during(flapForMs, () => crash(ward, [first, second]))
    await ward.pass(calmForMs)
    await ward.settle('members that came and went')
    return 0
  },
}

const sickName = 'ash'

/**
 * Its event loop is held up, or its network is gone, again and again: others come and go in its eyes,
 * and they are well. They do not keep it out, so that it sees them go each time.
 */
export const sickObserver: Story = {
  name: 'a node that is ill itself',
  cure: quarantine,
  options: { withoutHealing: ['birch', 'cedar', 'elm', 'fir'] },
  isBeyondCure: true,
  illMax: 0,
  async run(ward) {
    ward.beginAll()
    await ward.settle('the start')
    ward.trouble()
    const strike = ward.chance() < 0.5 ? holdUp : cutOff
    await ward.during(sickForMs, () => strike(ward))
    for (const { target = '' } of ward.log.of('quarantine')) {
      ward.violation(`${sickName}, which is ill itself, keeps ${target} out`)
    }
    await ward.pass(calmForMs)
    await ward.settle('an ill time')
    return 0
  },
}

async function holdUp(ward: Ward): Promise<void> {
  ward.world.clock.pause(sickName, ward.span(7_000, 9_000))
  await ward.pass(ward.span(9_500, 12_000))
}

async function cutOff(ward: Ward): Promise<void> {
  ward.world.hub.partition(
    [sickName],
    ward.names.filter((name) => name !== sickName),
  )
  await ward.pass(ward.span(7_000, 9_000))
  ward.world.hub.partition()
  await ward.pass(ward.span(2_500, 4_000))
}

/** Nothing is wrong, but for clocks that jump and links that are slow: nothing may be healed. */
export const healthy: Story = {
  name: 'a healthy cluster',
  cure: quarantine,
  options: { monitor: { expectedMembers: 5 } },
  isBeyondCure: true,
  illMax: 0,
  async run(ward) {
    ward.world.delayLinks()
    ward.beginAll()
    await ward.settle('the start')
    await ward.pass(10_000)
    const before = ward.log.actions.length
    for (let minutes = 0; minutes < wellForMs / 60_000; minutes++) {
      ward.world.clock.wallJump(ward.pick(ward.names), ward.span(-hourMs, hourMs))
      await ward.pass(60_000)
      for (const { name, parts } of ward.world.up) {
        const { status, reasons } = parts.monitor.health()
        if (status !== 'healthy') ward.violation(`${name} is ${status}: ${reasons.join('; ')}`)
      }
    }
    for (const { by, rule, reason } of ward.log.actions.slice(before)) {
      ward.violation(`${by} healed (${rule}) where nothing was ill: ${reason}`)
    }
    return 0
  },
}

/** They die, and begin anew some seconds later. */
async function crash(ward: Ward, names: readonly string[]): Promise<void> {
  for (const name of names) ward.world.kill(name)
  await ward.pass(ward.span(500, 2_000))
  for (const name of names) ward.world.begin(name)
  await ward.pass(ward.span(3_000, 6_000))
}

/** Counts how often one member sees another come up. */
function arrivalsOf(ward: Ward, victim: string, witness: string): () => number {
  let count = 0
  ward.life(witness).parts.monitor.on('topology-changed', ({ change, member }) => {
    if (change === 'member-up' && member === victim) count += 1
  })
  return () => count
}
