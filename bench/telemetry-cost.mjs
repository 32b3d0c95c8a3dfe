/**
 * What telemetry costs: calls through rpc alone, a process for each: without telemetry, with it and
 * no subscriber, with Prometheus, with spans; set against a call between two nodes. And what the
 * monitor costs with fifty nodes, in virtual time.
 */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import process from 'node:process'
import { diagnosticsTelemetry } from '../src/kernel/index.ts'
import { createMemoryNetwork } from '../src/testing/index.ts'
import { benchFolder } from './harness/fleet.mjs'
import { printGoal, printTable, spreadText, threeDigits } from './harness/report.mjs'
import { median } from './harness/statistics.mjs'

const simulatedNodes = 50
const simulatedMs = 60_000
const shareMax = 0.01

export const telemetryCost = {
  summary: 'what telemetry costs without and with subscribers, and the monitor with 50 nodes',
  async run({ rounds }) {
    const calls = measureCalls(rounds)
    const operations = measureOperations()
    const monitor = await measureMonitor()
    print(calls, operations, monitor)
    return { calls, operations, monitor }
  },
}

const contestants = [
  ['none', 'none'],
  ['no-subscriber', 'no subscriber'],
  ['prometheus', 'Prometheus'],
  ['spans', 'Prometheus and spans'],
  ['mesh', 'no subscriber, between two nodes over TLS'],
]

/** Interleaved rounds, so that a slower moment meets all alike; a process each, so that none is warm from another. */
function measureCalls(rounds) {
  const results = contestants.map(([, name]) => ({ name, cpuUsPerCall: [] }))
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, [id]] of contestants.entries()) {
      results[index].cpuUsPerCall.push(callsOf(id))
    }
  }
  return results
}

function callsOf(id) {
  const program = path.join(benchFolder, 'telemetry-calls.mjs')
  const { status, stdout } = spawnSync(process.execPath, [program, id], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`telemetry-calls.mjs ${id} ended with ${status}`)
  return Number(stdout)
}

/** Nanoseconds of one operation nobody listens to. */
function measureOperations() {
  const telemetry = diagnosticsTelemetry('a')
  const work = () => settled
  const settled = Promise.resolve()
  const node = 'b'
  return {
    executeNs: nanoseconds(() => {
      telemetry.execute('rpc.call.done', { durationMs: 1 }, () => ({ node, outcome: 'ok' }))
    }),
    spanNs: nanoseconds(() => {
      void telemetry.span('rpc.call', () => ({ node }), work)
    }),
  }
}

function nanoseconds(run) {
  const count = 2_000_000
  for (let at = 0; at < count; at += 1) run()
  const before = process.cpuUsage()
  for (let at = 0; at < count; at += 1) run()
  return (process.cpuUsage(before).user * 1_000) / count
}

/** Processor time of one virtual minute of fifty nodes, with the monitor and with one that sleeps. */
async function measureMonitor() {
  const asleep = { vitalsIntervalMs: 600_000, judgeIntervalMs: 60_000 }
  const withoutMs = await simulate(asleep)
  const withMs = await simulate({})
  const sharePerNode = (withMs - withoutMs) / simulatedNodes / simulatedMs
  return { nodes: simulatedNodes, virtualMs: simulatedMs, withoutMs, withMs, sharePerNode }
}

async function simulate(monitor) {
  const network = createMemoryNetwork({ time: 'virtual' })
  try {
    const nodes = []
    for (let at = 0; at < simulatedNodes; at += 1) {
      nodes.push(await network.startNode({ name: `node-${at}`, monitor }))
    }
    const minPeers = simulatedNodes - 1
    await network.run(Promise.all(nodes.map((node) => node.ready({ minPeers }))))
    await network.advance(10_000)
    const before = process.cpuUsage()
    await network.advance(simulatedMs)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1_000
  } finally {
    await network.stop()
  }
}

function print(calls, operations, monitor) {
  const [base, idle] = calls
  const mesh = calls.at(-1)
  // Each round against the same round of the base.
  const addedUs = ({ cpuUsPerCall }) =>
    median(cpuUsPerCall.map((us, round) => us - base.cpuUsPerCall[round]))
  console.log()
  printTable(
    calls.map((result) => ({
      telemetry: result.name,
      'processor time a call, us': spreadText(result.cpuUsPerCall),
      'added, us': result === mesh ? '-' : threeDigits(addedUs(result)),
    })),
  )
  const { executeNs, spanNs } = operations
  console.log(
    `\nwithout a subscriber: execute ${threeDigits(executeNs)} ns, span ${threeDigits(spanNs)} ns`,
  )
  const { nodes, withoutMs, withMs, sharePerNode } = monitor
  console.log(
    `monitor, ${nodes} nodes, one virtual minute: ${threeDigits(withMs)} ms of processor time, ` +
      `${threeDigits(withoutMs)} ms without; ${threeDigits(sharePerNode * 100)} % of a core a node\n`,
  )
  const share = addedUs(idle) / median(mesh.cpuUsPerCall)
  printGoal({
    what: 'telemetry without a subscriber, share of a call between two nodes',
    goal: 'at most 1 %',
    measured: `${threeDigits(share * 100)} %`,
    reached: share <= shareMax,
  })
}
