/** Acts: one name wanted by all, thirty children spread over the processes, one of them moved. */
import { didNotHappen, victim, type Stage } from '../stage/stage.ts'

const name = 'leader'
const jobs = 30
const increments = 41

/** All three claim a name at the same moment. */
export async function claimOneName(stage: Stage): Promise<void> {
  const { screen } = stage
  screen.say('step', `all three register the name "${name}" at the same moment`)
  const claims = await Promise.all(stage.crew.map((worker) => worker.ask('claim', { name })))
  const winners = claims.filter(({ won }) => won)
  if (winners.length !== 1) throw didNotHappen(`${String(winners.length)} processes have the name`)
  for (const [at, { won, owner }] of claims.entries()) {
    const who = stage.crew[at]?.name ?? ''
    screen.say('good', won ? `${who} has it` : `${who} is told that ${owner} has it`)
  }
}

/** Thirty children, placed by the supervisor. */
export async function spreadChildren(stage: Stage): Promise<void> {
  const { screen, host } = stage
  screen.say('step', `${String(jobs)} children, started by one process, placed by the supervisor`)
  const began = host.nowMs()
  await stage.worker('ada').ask('startJobs', { count: jobs })
  const tookMs = host.nowMs() - began
  await showChildren(stage)
  stage.note(`${String(jobs)} children started, spread over 3 processes`, tookMs, 'ms')
}

/** A counter is handed over to another process, with what it has counted. */
export async function moveCounter(stage: Stage): Promise<void> {
  const { screen, host } = stage
  const ada = stage.worker('ada')
  screen.say('step', 'a counter moves to another process and keeps its count')
  const before = await ada.ask('count', { by: increments })
  const target = before.node === 'ada' ? 'bell' : 'ada'
  const began = host.nowMs()
  await ada.ask('moveCounter', { to: target })
  const tookMs = host.nowMs() - began
  const after = await ada.ask('count', { by: 1 })
  const isKept = after.node === target && after.value === before.value + 1
  if (!isKept) {
    throw didNotHappen(`the counter is at ${String(after.value)} on ${after.node} after its move`)
  }
  screen.say('good', `it counted to ${String(before.value)} on ${before.node}`)
  screen.say(
    'good',
    `and to ${String(after.value)} on ${after.node}, ${tookMs.toFixed(1)} ms later`,
  )
  stage.note('a child handed over with its state', tookMs, 'ms')
}

/** Which process runs how many. */
export async function showChildren(stage: Stage): Promise<void> {
  const places = await stage.worker('ada').ask('children', {})
  const live = stage.crew.map((worker) => worker.name)
  stage.screen.table(live, [
    live.map((node) => `${String(places.filter((place) => place.node === node).length)} children`),
  ])
}

/** Resolves when every child runs on one of the other processes. */
export async function awaitFailover(stage: Stage): Promise<void> {
  await stage.worker('ada').ask('awaitChildrenOff', { node: victim })
}
