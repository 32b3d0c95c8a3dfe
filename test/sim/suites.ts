/** The suites of the simulation: each brings its own workload and invariants into the same world. */
import { runChildrenSeed } from './children/run.ts'
import { runNamesSeed } from './names/run.ts'
import { configSuite } from './config/config-suite.ts'
import { monitorSuite } from './monitor/monitor-suite.ts'
import { runSeed } from './run.ts'
import { everyFault } from './fault-kinds.ts'
import type { SeedResult } from './seed-result.ts'
import type { WorldOptions } from './world.ts'

/** One suite. A part of Foundation adds its own in a folder `test/sim/<name>/`. */
export interface Suite {
  readonly name: string
  /** Nodes of the cluster unless `--nodes` says otherwise. */
  readonly nodes: number
  /** Runs a seed from beginning to end. Never throws for what the code under test does wrong. */
  readonly runSeed: (options: WorldOptions) => Promise<SeedResult>
  /** Counts of {@link SeedResult} that a few dozen seeds must raise: a run that tried nothing fails. */
  readonly expected: readonly string[]
}

/** Membership, links, publish/subscribe and rpc. */
const core: Suite = {
  name: 'core',
  nodes: 5,
  runSeed,
  expected: [
    ...everyFault,
    ...['member-up', 'member-suspect', 'member-alive', 'member-down', 'member-left'],
    ...['gap', 'class-degraded', 'class-restored', 'calls with a value', 'calls that failed'],
  ],
}

/** Children: placed, failed over, handed over, taken back. */
const children: Suite = {
  name: 'children',
  nodes: 5,
  runSeed: runChildrenSeed,
  expected: [
    ...everyFault,
    ...['start', 'restart', 'failover', 'move'].map((reason) => `child started: ${reason}`),
    ...['child started with its state', 'child merged', 'child moved', 'node drained'],
    ...['child calls with a value', 'child calls that failed', 'child taken back'],
    ...['child-moved', 'child refused: FND_CHILD_EXISTS', 'child refused: FND_CHILD_START_FAILED'],
  ],
}

/** The registry: claims, conflicts, groups. */
const names: Suite = {
  name: 'names',
  nodes: 4,
  runSeed: runNamesSeed,
  expected: [
    ...everyFault,
    ...['names registered', 'names given up', 'names lost', 'conflicts seen', 'states merged'],
    ...['tokens waited for', 'names announced', 'FND_NAME_TAKEN', 'FND_TIMED_OUT'],
  ],
}

/** All suites. The first is the one that runs when none is named. */
export const suites: readonly Suite[] = [core, children, names, configSuite, monitorSuite]

/** @throws {Error} when there is no suite of that name. */
export function suiteOf(name: string): Suite {
  const suite = suites.find((one) => one.name === name)
  if (suite) return suite
  const known = suites.map((one) => one.name).join(', ')
  throw new Error(`There is no suite "${name}"; known: ${known}`)
}
