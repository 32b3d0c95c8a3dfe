/** What a node asks and answers by multicast DNS, rule by rule, under virtual time. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Keyring } from '../../../kernel/index.ts'
import { firstRecords, instanceRecords, makeWorld } from './mdns-world.test.ts'
import { clusterHash, serviceType, serviceTypesName } from './own-service.ts'

it('mdns: asks ever more rarely, and what it knows need not be said again', async (t) => {
  const world = makeWorld(t)
  world.started('a')
  world.started('b')
  await world.clock.advance(40_000)
  const times = world.browses('a')
  const pauses = times.slice(1).map((time, at) => Math.round((time - (times[at] ?? 0)) / 1_000))
  assert.deepEqual(pauses, [1, 2, 4, 8, 16])
  // The last questions were asked, and neither was answered: both list what is known.
  assert.deepEqual(world.said('b', 3_500), [])
  const last = world.sent.findLast(({ from, packet }) => from === 'a' && packet.kind === 'query')
  assert.equal(last?.packet.answers.length, 2)
})

it('mdns: answers many questions with one packet a second', async (t) => {
  const world = makeWorld(t)
  world.started('a')
  await world.clock.advance(10_000)
  const stranger = world.stranger('10.0.0.77')
  for (let at = 0; at < 50; at++) {
    stranger.say({ kind: 'query', questions: [{ name: serviceType, type: 'PTR' }] })
    await world.clock.advance(100)
  }
  const answers = world.said('a', 10_000)
  assert.ok(answers.length >= 4 && answers.length <= 6, String(answers.length))
  const pauses = answers.slice(1).map(({ atMs }, at) => atMs - (answers[at]?.atMs ?? 0))
  assert.ok(pauses.every((pauseMs) => pauseMs >= 1_000))
})

it('mdns: delays shared answers, gives unique ones at once, waits for more known answers', async (t) => {
  const world = makeWorld(t)
  world.started('a')
  await world.clock.advance(10_000)
  const stranger = world.stranger('10.0.0.77')
  const own = firstRecords(world)
  const delayOf = async (packet: Parameters<typeof stranger.say>[0]): Promise<number> => {
    await world.clock.advance(3_000)
    const startMs = world.clock.nowMs
    stranger.say({ kind: 'query', ...packet })
    await world.clock.advance(2_000)
    return (world.said('a', startMs)[0]?.atMs ?? Infinity) - startMs
  }
  const questions = [{ name: serviceType, type: 'PTR' }] as const
  const shared = await delayOf({ questions })
  assert.ok(shared >= 20 && shared <= 122, String(shared))
  assert.ok((await delayOf({ questions: [{ name: own.instance, type: 'SRV' }] })) <= 2)
  const truncated = await delayOf({ questions, isTruncated: true })
  assert.ok(truncated >= 400 && truncated <= 502, String(truncated))
  assert.equal(await delayOf({ questions, answers: [own.pointer] }), Infinity)
  const stale = { ...own.pointer, ttlSeconds: 59 }
  assert.ok((await delayOf({ questions, answers: [stale] })) < 130)
})

it('mdns: known answers that come in a second packet withdraw the answer', async (t) => {
  const world = makeWorld(t)
  world.started('a')
  await world.clock.advance(10_000)
  const own = firstRecords(world)
  const stranger = world.stranger('10.0.0.77')
  const startMs = world.clock.nowMs
  const questions = [{ name: serviceType, type: 'PTR' }] as const
  stranger.say({ kind: 'query', questions, isTruncated: true })
  await world.clock.advance(10)
  stranger.say({ kind: 'query', answers: [own.pointer] })
  await world.clock.advance(2_000)
  assert.deepEqual(world.said('a', startMs), [])
})

it('mdns: lists itself among the types of service, and answers plain DNS clients in their way', async (t) => {
  const world = makeWorld(t)
  world.started('a')
  await world.clock.advance(10_000)
  const stranger = world.stranger('10.0.0.77')
  stranger.say({ kind: 'query', questions: [{ name: serviceTypesName, type: 'PTR' }] })
  await world.clock.advance(200)
  const [types] = stranger.heard.filter(({ kind }) => kind === 'response')
  assert.equal(types?.answers[0]?.type === 'PTR' && types.answers[0].target, serviceType)
  const plain = world.stranger('10.0.0.78', 40_000)
  const questions = [{ name: serviceType, type: 'PTR' }] as const
  plain.say({ kind: 'query', id: 4_711, questions })
  await world.clock.advance(5)
  const [answer] = plain.heard.filter(({ kind, id }) => kind === 'response' && id !== 0)
  assert.ok(answer)
  assert.deepEqual([answer.id, answer.questions], [4_711, questions])
  const records = [...answer.answers, ...answer.additionals]
  assert.ok(records.every(({ ttlSeconds, isFlush }) => ttlSeconds <= 10 && !isFlush))
})

it('mdns: asks for what an instance lacks', async (t) => {
  const world = makeWorld(t)
  const a = world.started('a')
  const stranger = world.stranger('10.0.0.77')
  const records = instanceRecords('bare', { c: clusterHash('shop'), address: '10.0.0.77' })
  stranger.say({ answers: records.filter(({ type }) => type === 'PTR') })
  await world.clock.advance(500)
  const asked = (type: string): boolean =>
    stranger.heard.some(({ questions }) => questions.some((question) => question.type === type))
  assert.ok(asked('SRV') && asked('TXT'))
  stranger.say({ answers: records.filter(({ type }) => type === 'SRV' || type === 'TXT') })
  await world.clock.advance(1_500)
  assert.ok(asked('A'))
  stranger.say({ answers: records.filter(({ type }) => type === 'A') })
  await world.clock.advance(10)
  assert.deepEqual(a.dials, ['10.0.0.77:7000'])
})

it('mdns: says its name, its life, the hash of its cluster, and never the secret', async (t) => {
  const world = makeWorld(t)
  const secret = 'a secret for tests, 0123456789'
  world.started('shop-1@host.example', { incarnation: '17-x' })
  world.started('shop-1@host.example', { incarnation: '17-y' })
  await world.clock.advance(2_000)
  const [text] = firstRecords(world).details.filter(({ type }) => type === 'TXT')
  const entries = { v: '1', c: clusterHash('shop'), id: 'shop-1@host.example', inc: '17-x' }
  assert.deepEqual(text?.type === 'TXT' && text.entries, entries)
  const everything = JSON.stringify(world.sent)
  const derived = new Keyring([secret]).keys[0].id
  for (const word of [secret, derived, '"shop"']) assert.ok(!everything.includes(word), word)
  const instances = new Set(
    world.sent.flatMap(({ packet }) =>
      packet.kind === 'response'
        ? packet.answers.map((one) => (one as { target?: string }).target)
        : [],
    ),
  )
  assert.equal(instances.size, 2, 'two nodes of one name have instances of their own')
})
