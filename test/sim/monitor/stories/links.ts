/** Illness of links: two members that cannot reach each other while all others reach both. */
import type { Story } from '../story.ts'
import type { Ward } from '../ward.ts'

const cutMinMs = 40_000
const cutMaxMs = 150_000
const noticedMs = 30_000
/** Healing dials every 15 s; then the link must come about. */
const linkedAgainMaxMs = 18_000
const longMs = 300_000
const redialsMax = 3 + longMs / 15_000

/** A cut that nobody is told of, in both directions or in one. Measures from its end to the link. */
export const missingEdge: Story = {
  name: 'a missing edge',
  cure: ['redial'],
  illMax: linkedAgainMaxMs,
  async run(ward) {
    const { a, b } = await cutPair(ward)
    const isLinked = (): boolean => ward.life(a).parts.membership.roster.isLinked(b)
    await ward.pass(noticedMs)
    if (isLinked()) ward.violation(`${a} still has a link to ${b}, from which it is cut`)
    checkNoticed(ward, [a, b])
    await ward.pass(ward.span(cutMinMs, cutMaxMs) - noticedMs)
    ward.world.hub.mend(a, b)
    const illMs = await ward.until(isLinked, 60_000)
    await ward.settle('the end of the cut')
    return illMs
  },
}

/** It never ends, and somebody is gone for good: healing must not wear the cluster out. */
export const beyondCure: Story = {
  name: 'an illness without a cure',
  cure: ['redial', 'rediscover', 'expected'],
  options: { monitor: { expectedMembers: 5 } },
  isBeyondCure: true,
  illMax: 0,
  async run(ward) {
    const { a, b, others } = await cutPair(ward)
    const gone = ward.pick(others)
    ward.world.killForGood(gone)
    await ward.pass(longMs)
    for (const life of ward.world.up) {
      const told = ward.log.of('expected', life.name).length
      if (told !== 1) ward.violation(`${life.name} told ${String(told)} times that one is missing`)
      const lookups = ward.log.of('rediscover', life.name).length
      if (lookups > 2) ward.violation(`${life.name} looked up ${String(lookups)} times for two`)
    }
    const redials = ward.log.of('redial').filter(({ by, target }) => by === a && target === b)
    if (redials.length === 0 || redials.length > redialsMax) {
      ward.violation(`${a} dialled ${b} ${String(redials.length)} times`)
    }
    return 0
  },
}

async function cutPair(ward: Ward): Promise<{ a: string; b: string; others: string[] }> {
  ward.beginAll()
  await ward.settle('the start')
  const a = ward.pick(ward.names)
  const b = ward.pick(ward.names.filter((name) => name !== a))
  const others = ward.names.filter((name) => name !== a && name !== b)
  ward.trouble()
  ward.world.hub.cut(a, b, { oneWay: ward.chance() < 0.5 })
  return { a, b, others }
}

/** Both say so, and who has the link they lack. */
function checkNoticed(ward: Ward, pair: readonly string[]): void {
  for (const name of pair) {
    const { status, reasons } = ward.life(name).parts.monitor.health()
    const isNoticed = reasons.some((reason) => reason.startsWith('no link to'))
    if (status !== 'degraded' || !isNoticed) {
      ward.violation(`${name} is ${status} though it lacks a link: ${reasons.join('; ')}`)
    }
  }
}
