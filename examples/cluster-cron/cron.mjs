/** A job that runs on schedule once in the cluster, wherever that is; kill the node it is on and it goes on elsewhere. */
import process from 'node:process'
import { startNode } from 'foundation-ts'

const [everyMs = '5000'] = process.argv.slice(2)

/** The last run that any node told of: a new home of the job does not repeat it. */
let lastSlot = 0

class Cron {
  #everyMs
  #runs = 0
  #timer

  constructor({ args, node: home, reason }) {
    this.#everyMs = args.everyMs
    console.log(`the job is on ${home} now (${reason})`)
  }

  /** `runs` is what `handoff` gave, when a node that leaves hands the job over. */
  start(runs = 0) {
    this.#runs = runs
    this.#wait()
  }

  handoff() {
    return this.#runs
  }

  stop() {
    clearTimeout(this.#timer)
  }

  /** Runs are numbered by the clock, so every node means the same one. */
  #wait() {
    const delayMs = this.#everyMs - (Date.now() % this.#everyMs)
    this.#timer = setTimeout(() => void this.#run(Math.round(Date.now() / this.#everyMs)), delayMs)
  }

  async #run(slot) {
    this.#wait()
    if (slot <= lastSlot) return
    lastSlot = slot
    this.#runs += 1
    await node.events.emitDistributed('cron.ran', { slot, runs: this.#runs })
  }
}

const node = await startNode({ app: 'cron', cluster: true, signals: true, services: { Cron } })
node.events.subscribe('cron.ran', ({ source, data }) => {
  lastSlot = Math.max(lastSlot, data.slot)
  console.log(`run ${data.slot} by ${source}, ${data.runs} in a row`)
})
// Every node asks for it; the cluster has one.
const args = { everyMs: Number(everyMs) }
await node.supervisor.singleton('nightly-report', { service: 'Cron', args })
