/**
 * Processes come and go all the time, several at once: killed, told to leave, started again. Five
 * minutes of ten processes: TEST_CHURN_PROCESSES=10 TEST_CHURN_MS=300000.
 */
import assert from 'node:assert/strict'
import process from 'node:process'
import { describe, it } from 'node:test'
import { sleep, systemHost } from '../../src/kernel/index.ts'
import { seededChance } from '../../src/testing/chance.ts'
import { needs } from '../ground/processes.ts'
import { allRunOn, assertNoneTwice, childCount, livesOf, startAllFrom } from './children-places.ts'
import { withCrew, type Crew, type Worker } from './crew.ts'

const count = Number(process.env['TEST_CHURN_PROCESSES'] ?? '5')
const churnMs = Number(process.env['TEST_CHURN_MS'] ?? '8000')
const seed = Number(process.env['TEST_CHURN_SEED'] ?? '1')
const pauseMaxMs = 800
/** Two nodes hold each order: as long as more of them stay, no child is forgotten. */
const stayMin = 3
/** A member that comes and goes so often would be kept out for a while. */
const options = { monitor: { healing: [] } }

/** Who is up, and what became of the others. */
class Churn {
  readonly up: Worker[]
  readonly acts = { killed: 0, left: 0, started: 0 }
  readonly #crew: Crew
  readonly #chance = seededChance(seed, 'churn')
  readonly #away: string[] = []
  readonly #leaving: Promise<unknown>[] = []

  constructor(crew: Crew, up: readonly Worker[]) {
    this.#crew = crew
    this.up = [...up]
  }

  async run(): Promise<void> {
    const endMs = systemHost.nowMs() + churnMs
    // On a slow machine until there was one of each.
    const isOver = (): boolean =>
      systemHost.nowMs() >= endMs && Object.values(this.acts).every((times) => times > 0)
    while (!isOver()) {
      await this.#act()
      assertNoneTwice(await livesOf(this.up))
      await sleep(systemHost, this.#chance() * pauseMaxMs)
    }
    await Promise.all(this.#leaving)
  }

  async #act(): Promise<void> {
    const chance = this.#chance()
    const back = this.#away[0]
    if (back !== undefined && (this.up.length <= stayMin || chance < 0.5)) {
      this.#away.shift()
      this.up.push(await this.#crew.hire(back, options))
      this.acts.started += 1
    } else if (this.up.length > stayMin) await this.#lose(chance < 0.75 ? 'killed' : 'left')
  }

  async #lose(how: 'killed' | 'left'): Promise<void> {
    const [worker] = this.up.splice(Math.floor(this.#chance() * this.up.length), 1)
    if (!worker) return
    this.acts[how] += 1
    if (how === 'killed') await worker.kill()
    // Others come and go while it hands its children over.
    else this.#leaving.push(leave(worker).then(() => this.#away.push(worker.name)))
    if (how === 'killed') this.#away.push(worker.name)
  }
}

async function leave(worker: Worker): Promise<void> {
  worker.signal('SIGTERM')
  await worker.exited
}

describe('children of processes that come and go', needs(), () => {
  it('are never two, and all run in the end', async (t) => {
    await withCrew(async (crew) => {
      const names = Array.from({ length: count }, (_, at) => `node-${String(at)}`)
      const workers = await crew.form(names, options)
      const [first] = workers
      assert.ok(first)
      await startAllFrom(first)
      await allRunOn(workers)
      const churn = new Churn(crew, workers)
      await churn.run()
      t.diagnostic(JSON.stringify(churn.acts))
      await allRunOn(churn.up, 60_000)
      const lives = await livesOf(churn.up)
      assertNoneTwice(lives)
      assert.equal(lives.filter(({ endedMs }) => endedMs === undefined).length, childCount)
    })
  })
})
