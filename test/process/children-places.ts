/** Where children run, as their processes see it and as the children themselves tell it. No tests here. */
import assert from 'node:assert/strict'
import { eventually, type Worker } from './crew.ts'
import type { Life } from './children-orders.ts'

/** How many children the tests start, and their ids. */
export const childCount = 60
/** See {@link childCount}. */
export const ids: readonly string[] = Array.from(
  { length: childCount },
  (_, at) => `job:${String(at)}`,
)

/** Starts them from one worker and waits until each runs. */
export async function startAllFrom(worker: Worker): Promise<void> {
  const tally = await worker.ask('startChildren', { prefix: 'job', count: childCount })
  assert.deepEqual(tally, { ok: childCount })
}

/** Where each child runs, as one worker sees it. */
export async function placesSeenBy(worker: Worker): Promise<Map<string, string>> {
  const running = (await worker.ask('which', {})).filter(({ state }) => state === 'running')
  return new Map(running.map(({ id, node }) => [id, node ?? '']))
}

/** All children run, on these workers, and these workers all say so. */
export async function allRunOn(workers: readonly Worker[], timeoutMs = 20_000): Promise<void> {
  const hosts = workers.map(({ name }) => name)
  for (const worker of workers) {
    await eventually(`${worker.name} sees all children run`, timeoutMs, async () => {
      const places = await placesSeenBy(worker)
      return (
        places.size === childCount && [...places.values()].every((name) => hosts.includes(name))
      )
    })
  }
}

/** All instances these processes have had. */
export async function livesOf(workers: readonly Worker[]): Promise<Life[]> {
  return (await Promise.all(workers.map((worker) => worker.ask('lives', {})))).flat()
}

/** Lives of the processes that are still there overlap nowhere: no child has ever lived twice. */
export function assertNoneTwice(lives: readonly Life[]): void {
  const byId = new Map<string, Life[]>()
  for (const life of lives) byId.set(life.id, [...(byId.get(life.id) ?? []), life])
  for (const [id, all] of byId) {
    const sorted = all.toSorted((a, b) => a.bornMs - b.bornMs)
    for (const [at, life] of sorted.entries()) {
      const next = sorted[at + 1]
      const overlapMs = next ? (life.endedMs ?? Infinity) - next.bornMs : 0
      // Two processes read the clock one after the other.
      assert.ok(overlapMs <= 1, `${id} lived twice for ${String(overlapMs)} ms`)
    }
  }
}
