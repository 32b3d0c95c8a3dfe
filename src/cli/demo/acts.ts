/** The story of the demo, act by act. Each act throws when what it shows did not happen. */
import { FoundationError, sleep, type Host } from '../../kernel/index.ts'
import { Worker } from './crew.ts'
import type { WorkerMessage } from './orders.ts'
import type { Screen } from './screen.ts'

/** One row of the summary. */
export interface Figure {
  readonly what: string
  readonly value: number
  readonly unit: string
}

/** What the acts need. */
export interface ActsDeps {
  readonly host: Host
  readonly screen: Screen
  readonly env: NodeJS.ProcessEnv
}

const names = ['ada', 'bell', 'curie'] as const
const victim = 'curie'
const formationTimeoutMs = 10_000
const messageCount = 1000
const pings = { count: 200, intervalMs: 5 }
const loopback = { floodMs: 2000, settleMs: 200 }

/** One run of the story. */
export class Acts {
  readonly #deps: ActsDeps
  readonly #crew = new Map<string, Worker>()
  readonly #figures: Figure[] = []
  #isLeaving = false

  constructor(deps: ActsDeps) {
    this.#deps = deps
  }

  /** Plays all acts and returns what was measured. */
  async play(): Promise<readonly Figure[]> {
    await this.#form()
    await this.#showMembers()
    await this.#talk()
    await this.#floodBesideControl()
    await this.#kill()
    await this.#return()
    await this.#leave()
    return this.#figures
  }

  /** Ends every process that still runs. */
  async killAll(): Promise<void> {
    await Promise.all([...this.#crew.values()].map((worker) => worker.kill()))
  }

  async #form(): Promise<void> {
    const { screen, host } = this.#deps
    screen.say('step', 'three processes, each with startNode({ cluster: true })')
    const workers = names.map((name) => this.#hire(name))
    const meetings = workers.flatMap((worker) =>
      names
        .filter((name) => name !== worker.name)
        .map((name) => worker.sees('member-up', name, formationTimeoutMs)),
    )
    const [ups] = await Promise.all([
      Promise.all(workers.map((worker) => this.#awaitUp(worker))),
      Promise.all(meetings),
    ])
    const tookMs = Math.max(0, host.nowMs() - Math.max(...ups))
    screen.say('good', `one cluster ${tookMs.toFixed(0)} ms after the last process was ready`)
    this.#note('cluster of 3 formed, after the last process was ready', tookMs, 'ms')
  }

  #hire(name: string): Worker {
    const { host, env } = this.#deps
    const onMessage = (message: WorkerMessage): void => {
      this.#narrate(name, message)
    }
    const worker = new Worker(name, { host, env, onMessage })
    this.#crew.set(name, worker)
    return worker
  }

  async #awaitUp(worker: Worker): Promise<number> {
    const { atMs, message } = await worker.hears(
      'start',
      ({ type }) => type === 'up',
      formationTimeoutMs,
    )
    const address = message.type === 'up' ? (message.addresses[0] ?? '') : ''
    this.#deps.screen.say(
      'news',
      `${worker.name} (pid ${String(worker.pid)}) listens on ${address}, encrypted`,
    )
    return atMs
  }

  #narrate(name: string, message: WorkerMessage): void {
    const { screen } = this.#deps
    if (message.type === 'event' && !this.#isLeaving) {
      const cause = message.cause === undefined ? '' : ` (${message.cause})`
      screen.say(
        'news',
        `${name} sees ${message.event.replace('member-', '')}: ${message.member}${cause}`,
      )
    } else if (message.type === 'trouble') {
      screen.say('bad', `${name}: ${message.code} ${message.message}`)
    }
  }

  async #showMembers(): Promise<void> {
    const { screen, host } = this.#deps
    screen.say('step', 'who is in the cluster, as each process sees it')
    await sleep(host, 600) // One ping interval, so that a round trip was measured.
    for (const worker of this.#crew.values()) {
      const members = await worker.ask('members', {})
      const others = members.filter(({ name }) => name !== worker.name)
      screen.table(
        [`seen by ${worker.name}`, 'status', 'round trip', 'found by'],
        others.map(({ name, status, rttMs, provenance }) => [
          name,
          status,
          rttMs === undefined ? '-' : `${rttMs.toFixed(2)} ms`,
          provenance.join(', '),
        ]),
      )
    }
  }

  async #talk(): Promise<void> {
    const { screen, host } = this.#deps
    screen.say('step', `${String(messageCount)} messages on each of control, events and telemetry`)
    const sender = this.#worker('ada')
    for (const channel of ['control', 'events', 'telemetry']) {
      const began = host.nowMs()
      const { peers, dropped } = await sender.ask('publish', {
        topic: `${channel}.demo`,
        count: messageCount,
      })
      if (dropped > 0) throw missing(`${String(dropped)} messages on ${channel} were dropped`)
      const tookMs = host.nowMs() - began
      screen.say('good', `${channel}: to ${String(peers)} peers in ${tookMs.toFixed(0)} ms`)
    }
  }

  async #floodBesideControl(): Promise<void> {
    const { screen, host } = this.#deps
    const control = this.#worker('bell')
    screen.say('step', 'control round trips, alone and beside saturating bulk')
    const idle = await control.ask('ping', { target: victim, ...pings })
    screen.say(
      'good',
      `alone:       p50 ${idle.p50Ms.toFixed(2)} ms, p99 ${idle.p99Ms.toFixed(2)} ms`,
    )
    const flooding = this.#worker('ada').ask('flood', { forMs: loopback.floodMs })
    await sleep(host, loopback.settleMs)
    const busy = await control.ask('ping', { target: victim, ...pings })
    const { bytes, tookMs } = await flooding
    const megabytes = bytes / 1e6 / (tookMs / 1000)
    screen.say(
      'good',
      `beside bulk: p50 ${busy.p50Ms.toFixed(2)} ms, p99 ${busy.p99Ms.toFixed(2)} ms, while ${megabytes.toFixed(0)} MB/s went by`,
    )
    await this.#checkReceived()
    this.#note('control round trip alone, p99', idle.p99Ms, 'ms')
    this.#note('control round trip beside bulk, p99', busy.p99Ms, 'ms')
    this.#note('bulk beside it, both receivers', megabytes, 'MB/s')
  }

  async #checkReceived(): Promise<void> {
    for (const name of ['bell', victim]) {
      const received = await this.#worker(name).ask('received', {})
      const late = ['control', 'events', 'telemetry'].filter(
        (channel) => received[channel] !== messageCount,
      )
      if (late.length > 0) throw missing(`${name} did not get every message on ${late.join(', ')}`)
      this.#deps.screen.say('detail', `${name} received ${JSON.stringify(received)}`)
    }
  }

  async #kill(): Promise<void> {
    const { screen, host } = this.#deps
    const worker = this.#worker(victim)
    screen.say('step', `kill -9 ${String(worker.pid)} (${victim})`)
    const others = names.filter((name) => name !== victim).map((name) => this.#worker(name))
    const losses = others.map((other) => other.sees('member-down', victim, 10_000))
    const killedMs = host.nowMs()
    await worker.kill()
    const seen = (await Promise.all(losses)).map(({ atMs }) => atMs - killedMs)
    screen.say(
      'good',
      `seen by both others, the slower one after ${Math.max(...seen).toFixed(0)} ms`,
    )
    this.#note('kill -9 seen by both others', Math.max(...seen), 'ms')
  }

  async #return(): Promise<void> {
    const { screen, host } = this.#deps
    screen.say('step', `${victim} comes back`)
    const others = names.filter((name) => name !== victim).map((name) => this.#worker(name))
    const returns = others.map((other) => other.sees('member-up', victim, formationTimeoutMs))
    const worker = this.#hire(victim)
    const [readyMs] = await Promise.all([this.#awaitUp(worker), ...returns])
    const tookMs = Math.max(0, host.nowMs() - readyMs)
    screen.say('good', `a member again ${tookMs.toFixed(0)} ms after it was ready`)
    this.#note('restarted process a member again, after it was ready', tookMs, 'ms')
  }

  async #leave(): Promise<void> {
    this.#isLeaving = true
    this.#deps.screen.say('step', 'all three leave in order')
    await Promise.all([...this.#crew.values()].map((worker) => worker.ask('stop', {})))
  }

  #worker(name: string): Worker {
    const worker = this.#crew.get(name)
    if (!worker) throw missing(`no process ${name}`)
    return worker
  }

  #note(what: string, value: number, unit: string): void {
    this.#figures.push({ what, value, unit })
  }
}

function missing(what: string): FoundationError {
  return new FoundationError('FND_TIMED_OUT', what)
}
