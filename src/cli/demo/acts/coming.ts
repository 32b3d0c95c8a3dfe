/** Acts: three processes become a cluster, and tell who is in it. */
import { sleep } from '../../../kernel/index.ts'
import { names, patienceMs, victim, type Stage } from '../stage/stage.ts'

/** A ping interval, so that a round trip was measured. */
const oneRoundTripMs = 600

/** The processes find each other. */
export async function form(stage: Stage): Promise<void> {
  const { screen, host } = stage
  screen.say('step', `three processes, each with ${stage.opening}`)
  const workers = names.map((name) => stage.hire(name))
  const meetings = workers.flatMap((worker) =>
    names
      .filter((name) => name !== worker.name)
      .map((name) => worker.sees('member-up', name, patienceMs)),
  )
  const [ups] = await Promise.all([
    Promise.all(workers.map((worker) => stage.awaitUp(worker))),
    Promise.all(meetings),
  ])
  const tookMs = Math.max(0, host.nowMs() - Math.max(...ups))
  screen.say('good', `one cluster ${tookMs.toFixed(0)} ms after the last process was ready`)
  stage.note('cluster of 3 formed, after the last process was ready', tookMs, 'ms')
}

/** Each process tells whom it sees. */
export async function showMembers(stage: Stage): Promise<void> {
  const { screen, host } = stage
  screen.say('step', 'who is in the cluster, as each process sees it')
  await sleep(host, oneRoundTripMs)
  for (const worker of stage.crew) {
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

/** The process that was killed is started again. */
export async function comeBack(stage: Stage): Promise<void> {
  const { screen, host } = stage
  screen.say('step', `${victim} comes back`)
  const returns = stage.others(victim).map((other) => other.sees('member-up', victim, patienceMs))
  const worker = stage.hire(victim)
  const [readyMs] = await Promise.all([stage.awaitUp(worker), ...returns])
  const tookMs = Math.max(0, host.nowMs() - readyMs)
  screen.say('good', `a member again ${tookMs.toFixed(0)} ms after it was ready`)
  stage.note('restarted process a member again, after it was ready', tookMs, 'ms')
}
