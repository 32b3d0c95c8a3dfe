/** The systematic sweeps: every fault at every message of a commit, alone and in pairs. */
import { faults, type Fault, type ProtocolWorldOptions } from './protocol-faults.ts'
import { ProtocolWorld } from './protocol-world.ts'

/** What a commit looks like before anything goes wrong. */
export interface Story {
  readonly name: string
  readonly nodes: readonly string[]
  /** Who proposes, in this order, at once. */
  readonly proposals: readonly { readonly by: string; readonly path: string }[]
  readonly refuses?: string
}

/** All of them. */
export const stories: readonly Story[] = [
  { name: 'one commit', nodes: ['a', 'b', 'c'], proposals: [{ by: 'a', path: 'x' }] },
  {
    name: 'two commits of one path',
    nodes: ['a', 'b', 'c'],
    proposals: [
      { by: 'c', path: 'x' },
      { by: 'a', path: 'x' },
    ],
  },
  {
    name: 'two commits of paths that overlap, and one of another',
    nodes: ['a', 'b', 'c'],
    proposals: [
      { by: 'b', path: 'x' },
      { by: 'a', path: 'x.y' },
      { by: 'c', path: 'z' },
    ],
  },
  { name: 'a refusal', nodes: ['a', 'b', 'c'], proposals: [{ by: 'a', path: 'x' }], refuses: 'c' },
]

/** What came of one run. */
export interface RunResult {
  readonly violations: readonly string[]
  readonly messages: number
  readonly inDoubt: number
  readonly committed: number
  readonly trace: readonly string[]
}

const quickSteps = 40
const quickStepMs = 5
const slowSteps = 30
const slowStepMs = 1_000

/** Runs a story to its end. */
export async function runStory(story: Story, options: ProtocolWorldOptions): Promise<RunResult> {
  const world = new ProtocolWorld(options)
  for (const name of story.nodes) world.begin(name)
  if (story.refuses !== undefined) world.refuse(story.refuses)
  let committed = 0
  for (const { by, path } of story.proposals) {
    world.propose(by, path, `of ${by}`)?.then(
      ({ outcome }) => {
        if (outcome.type === 'commit') committed += 1
      },
      () => undefined,
    )
  }
  const steps = [
    ...Array.from({ length: quickSteps }, () => quickStepMs),
    ...Array.from({ length: slowSteps }, () => slowStepMs),
  ]
  for (const step of steps) {
    await world.clock.advance(step)
    world.check()
  }
  world.checkTermination()
  const lives = [...world.lives.values()]
  for (const { protocol } of lives) protocol.stop()
  const inDoubt = lives.reduce((count, life) => count + life.inDoubt.length, 0)
  const { violations, sent: messages, trace } = world
  return { violations, messages, inDoubt, committed, trace }
}

/** Every fault at every message: `visit` is told of each run. */
export async function sweep(
  story: Story,
  base: Omit<ProtocolWorldOptions, 'faults'>,
  visit: (result: RunResult, what: string) => void,
): Promise<number> {
  const { messages } = await runStory(story, { ...base, faults: new Map() })
  let runs = 0
  for (let at = 1; at <= messages; at++) {
    for (const fault of faults) {
      visit(
        await runStory(story, { ...base, faults: new Map([[at, fault]]) }),
        `${fault} at ${String(at)}`,
      )
      runs += 1
    }
  }
  return runs
}

/** Two to four faults at some of the first messages, drawn by chance: all pairs would take minutes. */
export function faultsOf(messages: number, chance: () => number): Map<number, Fault> {
  const pick = (): Fault => faults[Math.floor(chance() * faults.length)] ?? 'drop'
  const at = (): number => 1 + Math.floor(chance() * messages)
  const count = 2 + Math.floor(chance() * 3)
  return new Map(Array.from({ length: count }, () => [at(), pick()]))
}
