/** Records this process: what its CPU runs, sampled, and the spans its code marks. Sends while it records. */
import { Session } from 'node:inspector/promises'
import { slicesOf } from './slices.mjs'

const sendEveryMs = 200
const nowUs = () => (performance.timeOrigin + performance.now()) * 1000
const spans = []

/** Runs `work` as a span. Times are microseconds of the wall clock, as Chrome's trace format wants. */
export async function span(name, work) {
  const ts = nowUs()
  try {
    return await work()
  } finally {
    spans.push({ name, ts, dur: nowUs() - ts, tid: 'spans' })
    if (spans.length > 10_000) spans.shift()
  }
}

/** Begins to record; returns how to stop. `send` gets slices `{ name, ts, dur, tid }`, several times a second. */
export async function record(send) {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: 1000 })
  await session.post('Profiler.start')
  spans.length = 0
  let sending = Promise.resolve()
  const flush = async (isLast) => {
    const { profile } = await session.post('Profiler.stop')
    if (!isLast) await session.post('Profiler.start')
    await send([...slicesOf(profile, nowUs()), ...spans.splice(0)])
  }
  const timer = setInterval(() => (sending = sending.then(() => flush(false))), sendEveryMs)
  return async () => {
    clearInterval(timer)
    await (sending = sending.then(() => flush(true)))
    session.disconnect()
  }
}
