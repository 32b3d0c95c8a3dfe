/** Acts: one process is killed, and all leave in order. */
import { victim, patienceMs, type Stage } from '../stage/stage.ts'
import { awaitFailover, showChildren } from './sharing.ts'

/** `kill -9`, and how long until the others saw it and its children run elsewhere. */
export async function kill(stage: Stage): Promise<void> {
  const { screen, host } = stage
  const worker = stage.worker(victim)
  screen.say('step', `kill -9 ${String(worker.pid)} (${victim})`)
  const losses = stage.others(victim).map((other) => other.sees('member-down', victim, patienceMs))
  const failover = awaitFailover(stage)
  const killedMs = host.nowMs()
  await worker.kill()
  const seenMs = Math.max(...(await Promise.all(losses)).map(({ atMs }) => atMs - killedMs))
  screen.say('good', `seen by both others, the slower one after ${seenMs.toFixed(0)} ms`)
  await failover
  const runningMs = host.nowMs() - killedMs
  screen.say('good', `every child runs again ${runningMs.toFixed(0)} ms after the kill`)
  stage.retire(victim)
  await showChildren(stage)
  stage.note('kill -9 seen by both others', seenMs, 'ms')
  stage.note('every child of it running elsewhere, after the kill', runningMs, 'ms')
}

/** Everybody says goodbye. */
export async function leave(stage: Stage): Promise<void> {
  stage.isNarrating = false
  stage.screen.say('step', 'all three leave in order')
  await Promise.all(stage.crew.map((worker) => worker.ask('stop', {})))
}
