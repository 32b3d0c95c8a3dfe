/** One trace: a child that runs on any node, orders all to record and merges what they tell. */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pageOf } from './page.mjs'

const slicesMax = 200_000

/** The service class; `nodeOf` gives the node, which does not exist yet when it is told its services. */
export const coordinatorFor = (nodeOf) =>
  class Coordinator {
    #id
    #slices = []
    #told = new Set()
    #done = new Set()

    constructor({ id }) {
      this.#id = id
    }

    async start() {
      const { pubsub } = nodeOf()
      this.parts = pubsub.subscribe(`telemetry.${this.#id}`, ({ slices, isLast }, { from }) => {
        if (!this.#told.has(from)) console.log(`${this.#id} hears ${from}`)
        this.#told.add(from)
        if (isLast) this.#done.add(from)
        const room = slicesMax - this.#slices.length
        this.#slices.push(
          ...slices.slice(0, room).map((slice) => ({ ...slice, pid: from, ph: 'X' })),
        )
      })
      await this.parts.ready
      await pubsub.broadcast('control.trace', { id: this.#id, verb: 'start' })
    }

    /** Ends the recording and writes `<id>.json`, for chrome://tracing or Perfetto, and `<id>.html`. */
    async finish(folder) {
      await nodeOf().pubsub.broadcast('control.trace', { id: this.#id, verb: 'stop' })
      for (let tries = 0; tries < 100 && this.#waitsForSomebody(); tries++) await wait(50)
      const traceEvents = this.#slices.toSorted((a, b) => a.ts - b.ts)
      const file = path.join(folder, this.#id)
      await writeFile(`${file}.json`, JSON.stringify({ traceEvents }))
      await writeFile(`${file}.html`, pageOf(traceEvents))
      return { file, slices: traceEvents.length, processes: [...this.#told].sort() }
    }

    stop() {
      this.parts.unsubscribe()
    }

    /** Whoever has died meanwhile is not waited for; what it told before is in the trace. */
    #waitsForSomebody() {
      const alive = nodeOf()
        .members()
        .map(({ name }) => name)
      return alive.some((name) => this.#told.has(name) && !this.#done.has(name))
    }
  }
