/** From samples to slices of time. */
import path from 'node:path'
import process from 'node:process'

const idle = new Set(['(root)', '(program)', '(idle)'])

/**
 * The samples of a CPU profile as slices `{ name, ts, dur, tid }`: a frame lasts from the first sample it is in to the last in a row. `nowUs` is the
 * wall clock, in microseconds.
 */
export function slicesOf({ nodes, samples, timeDeltas, startTime }, nowUs) {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((c) => [c, id])))
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  // The profiler's clock is the monotonic one.
  const toWall = nowUs - Number(process.hrtime.bigint()) / 1000
  const [open, slices] = [[], []]
  let at = startTime + toWall
  const close = (depth) => {
    for (const { id, ts } of open.splice(depth).filter(({ id }) => !idle.has(names.get(id)))) {
      slices.push({ name: names.get(id), ts, dur: at - ts, tid: 'cpu' })
    }
  }
  for (const [index, sample] of samples.entries()) {
    at += timeDeltas[index]
    const stack = []
    for (let id = sample; id !== undefined; id = parents.get(id)) stack.unshift(id)
    const same = open.findIndex(({ id }, depth) => id !== stack[depth])
    close(same < 0 ? open.length : same)
    open.push(...stack.slice(open.length).map((id) => ({ id, ts: at })))
  }
  close(0)
  return slices
}

/** Functions without a name are known by their place. */
function nameOf({ functionName, url, lineNumber }) {
  return functionName || `${path.basename(url)}:${lineNumber + 1}`
}
