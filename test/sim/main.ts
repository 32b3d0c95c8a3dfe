/**
 * Runs the deterministic simulation: `npm run sim -- --seeds 1000`. A seed that fails is shown with
 * the one command that replays it exactly.
 */
import process from 'node:process'
import { parseArgs } from 'node:util'
import { systemHost } from '../../src/kernel/index.ts'
import { runMutations } from './mutations.ts'
import type { SeedResult } from './seed-result.ts'
import { suiteOf, suites, type Suite } from './suites.ts'

const usage = `Usage: npm run sim -- [--suite NAME] [--seeds N] [--from SEED] [--seed SEED] [--nodes N] [--twice] [--mutations]
  --suite NAME   one of ${suites.map(({ name }) => name).join(', ')} (${suites[0]?.name ?? ''})
  --seeds N      run N seeds, from --from on (100, from 1)
  --seed SEED    run this one, twice, and print its history when it fails
  --nodes N      nodes of the cluster, 3 to 10 (the suite's own number)
  --twice        run every seed twice; otherwise one in ten
  --mutations    plant each bug of the ledger and see that some seed catches it
  --only TEXT    with --mutations: those whose name has the text, or of the suite of that name
  --stop-at-first  end with the first seed that fails`

const twiceEvery = 10
const progressEvery = 25

interface Order {
  readonly suite: Suite
  readonly from: number
  readonly seeds: number
  readonly nodes: number
  readonly twice: boolean
}

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    suite: { type: 'string', default: 'core' },
    nodes: { type: 'string' },
    twice: { type: 'boolean', default: false },
    mutations: { type: 'boolean', default: false },
    only: { type: 'string' },
    'stop-at-first': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
process.exitCode = await main()

async function main(): Promise<number> {
  if (values.help) return say(usage, 0)
  if (values.mutations) return await runMutations(say, values.only)
  const suite = suiteOf(values.suite)
  const nodes = values.nodes === undefined ? suite.nodes : numberOf('nodes', values.nodes)
  if (nodes < 3 || nodes > 10) return say('--nodes must be from 3 to 10', 2)
  if (values.seed !== undefined) {
    const from = numberOf('seed', values.seed)
    const order = { suite, from, seeds: 1, nodes, twice: true }
    return await runSeeds(order, true)
  }
  const order = {
    suite,
    from: numberOf('from', values.from),
    seeds: numberOf('seeds', values.seeds),
    nodes,
  }
  return await runSeeds({ ...order, twice: values.twice }, false)
}

/** @returns the exit code: 1 when a seed failed. */
async function runSeeds(order: Order, showsHistory: boolean): Promise<number> {
  const startedMs = systemHost.nowMs()
  const totals = new Map<string, number>()
  let slowestMs = 0
  let failed = 0
  for (let at = 0; at < order.seeds; at++) {
    const result = await runOne(order.from + at, order)
    if (result.violations.length > 0) {
      failed += 1
      report(result, order, showsHistory)
      if (values['stop-at-first']) break
    }
    slowestMs = Math.max(slowestMs, result.convergedInMs)
    for (const [kind, count] of result.counts) totals.set(kind, (totals.get(kind) ?? 0) + count)
    if ((at + 1) % progressEvery === 0) say(`${String(at + 1)} of ${String(order.seeds)} seeds`, 0)
  }
  const seconds = ((systemHost.nowMs() - startedMs) / 1_000).toFixed(1)
  say(
    [...totals]
      .sort()
      .map(([kind, count]) => `  ${kind}: ${String(count)}`)
      .join('\n'),
    0,
  )
  say(`slowest convergence: ${String(slowestMs)} virtual ms`, 0)
  return say(
    `${String(order.seeds)} seeds in ${seconds} s, ${String(failed)} failed`,
    failed > 0 ? 1 : 0,
  )
}

/** Runs a seed, some of them twice: the second run must be the same to the last event. */
async function runOne(seed: number, { suite, nodes, twice }: Order): Promise<SeedResult> {
  const first = await suite.runSeed({ seed, nodes })
  if (!twice && seed % twiceEvery !== 0) return first
  const second = await suite.runSeed({ seed, nodes })
  if (second.traceHash === first.traceHash) return first
  const problem = `two runs differ: trace ${first.traceHash} and ${second.traceHash}`
  return { ...first, violations: [...first.violations, problem] }
}

function report(result: SeedResult, { suite, nodes }: Order, showsHistory: boolean): void {
  if (showsHistory) say(result.history.join('\n'), 0)
  say(`seed ${String(result.seed)} FAILED`, 0)
  for (const violation of result.violations) say(`  ${violation}`, 0)
  say(
    `  replay: npm run sim -- --suite ${suite.name} --seed ${String(result.seed)} --nodes ${String(nodes)}`,
    0,
  )
}

function numberOf(name: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new Error(`--${name}: expected a whole number, got "${text}"\n${usage}`)
}

function say(text: string, code: number): number {
  process.stdout.write(`${text}\n`)
  return code
}
