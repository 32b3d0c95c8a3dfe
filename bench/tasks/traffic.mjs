/** What a worker does with messages: publish, count, echo, ping at a fixed rate, saturate. */
import { setTimeout as sleep } from 'node:timers/promises'
import { monotonicMs, waitFor, waitUntil } from '../harness/clock.mjs'

const counters = new Map()
const batch = 500

/** About 100 bytes as msgpack, 120 as JSON. */
function smallBody() {
  return {
    sequence: 0,
    type: 'order.created',
    customer: 'c-104233',
    total: 149.95,
    items: 3,
    city: 'Lisbon',
    paid: true,
  }
}

/** Counts messages on a topic, and their bytes where bodies are bytes. */
export async function count(endpoint, { topic }) {
  const counter = { received: 0, bytes: 0, lastAtMs: 0, isTimed: false }
  counters.set(topic, counter)
  const time = () => {
    counter.lastAtMs = monotonicMs()
    counter.isTimed = false
  }
  await endpoint.subscribe(topic, (body) => {
    counter.received += 1
    counter.bytes += body.length ?? 0
    if (counter.isTimed) return
    // Once a turn: reading the clock for every message would be a part of what is measured.
    counter.isTimed = true
    setImmediate(time)
  })
}

/** The counter of a topic at this moment. */
export function readCount(endpoint, { topic }) {
  return Promise.resolve({ ...counters.get(topic), atMs: monotonicMs() })
}

/** Waits until so many messages have come in all, or none came for two seconds. */
export async function awaitCount(endpoint, { topic, expected }) {
  const counter = counters.get(topic)
  let seen = -1
  let changedAtMs = monotonicMs()
  while (counter.received < expected && monotonicMs() - changedAtMs < 2000) {
    if (counter.received !== seen) {
      seen = counter.received
      changedAtMs = monotonicMs()
    }
    await sleep(10)
  }
  return { received: counter.received, lastAtMs: counter.lastAtMs }
}

/** Publishes small objects as fast as the system takes them, for a time or up to a number. */
export async function publishFor(endpoint, { topic, forMs, countMax }) {
  const body = smallBody()
  const startedAtMs = monotonicMs()
  const endAtMs = startedAtMs + forMs
  let sent = 0
  while (sent < countMax && monotonicMs() < endAtMs) {
    await endpoint.publishMany(topic, body, batch)
    sent += batch
  }
  return { sent, startedAtMs }
}

/** Sends every message of one topic back on another. */
export async function echo(endpoint, { from, to }) {
  await endpoint.subscribe(from, (body) => void quietly(endpoint.publish(to, body)))
}

const pending = new Map()
let latenciesMs = []

/** Prepares for {@link ping}: hears the answers. */
export async function hearEchoes(endpoint, { topic }) {
  await endpoint.subscribe(topic, ({ id }) => {
    const dueAtMs = pending.get(id)
    if (dueAtMs === undefined) return
    latenciesMs.push(monotonicMs() - dueAtMs)
    pending.delete(id)
  })
}

/**
 * Sends pings at a fixed rate and times each answer from the moment its ping was due, not from
 * when it could be sent: a stall is charged to every ping it delayed (coordinated omission).
 */
export async function ping(endpoint, { topic, ratePerSecond, forMs }) {
  pending.clear()
  latenciesMs = []
  const startAtMs = monotonicMs() + 10
  const total = Math.floor((forMs / 1000) * ratePerSecond)
  for (let id = 0; id < total; id += 1) {
    const dueAtMs = startAtMs + (id * 1000) / ratePerSecond
    await waitUntil(dueAtMs)
    pending.set(id, dueAtMs)
    quietly(endpoint.publish(topic, { id, padding: 'x'.repeat(48) }))
  }
  const limit = { timeoutMs: 10_000, what: 'the last answers' }
  await waitFor(() => pending.size === 0, limit).catch(() => undefined)
  return { latenciesMs, unanswered: pending.size }
}

const saturation = { running: false, stopped: Promise.resolve() }

/** Starts to send bodies of raw bytes as fast as backpressure allows. */
export function startBulk(endpoint, { topic, bodyBytes }) {
  const body = Buffer.alloc(bodyBytes, 0x5a)
  saturation.running = true
  saturation.stopped = sendWhileRunning(endpoint, topic, body)
  return Promise.resolve()
}

/** Ends {@link startBulk}. */
export async function stopBulk() {
  saturation.running = false
  await Promise.race([saturation.stopped, sleep(2000)])
}

async function sendWhileRunning(endpoint, topic, body) {
  let lastTurnAtMs = monotonicMs()
  while (saturation.running) {
    const wait = endpoint.publish(topic, body)
    if (wait) await wait
    // A system that never asks to wait must still let sockets be read.
    if (monotonicMs() - lastTurnAtMs > 5) {
      await new Promise((resolve) => setImmediate(resolve))
      lastTurnAtMs = monotonicMs()
    }
  }
}

/** Publishes at a fixed rate without waiting for anything: the careless user. */
export async function publishCarelessly(endpoint, { topic, ratePerSecond, forMs, bodyBytes }) {
  const outcome = { offered: 0, settled: 0, refused: 0 }
  const endAtMs = monotonicMs() + forMs
  const text = 'x'.repeat(bodyBytes)
  for (let tick = 1; monotonicMs() < endAtMs; tick += 1) {
    for (let sent = 0; sent < ratePerSecond / 100; sent += 1) {
      offer(endpoint, { topic, outcome, body: { sequence: outcome.offered, text: `${text}` } })
    }
    await sleep(10)
  }
  return outcome
}

function offer(endpoint, { topic, outcome, body }) {
  outcome.offered += 1
  const settle = () => void (outcome.settled += 1)
  const refuse = () => void (outcome.refused += 1)
  try {
    Promise.resolve(endpoint.publish(topic, body)).then(settle, refuse)
  } catch {
    refuse()
  }
}

function quietly(promise) {
  promise?.catch?.(() => undefined)
}
