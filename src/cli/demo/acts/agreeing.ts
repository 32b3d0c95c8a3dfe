/** Acts: a setting committed on all processes or refused for all, and an event found on another one. */
import { sleep } from '../../../kernel/index.ts'
import { didNotHappen, patienceMs, type Stage } from '../stage/stage.ts'

const path = 'limits.orders'
const accepted = 80
const refused = 1000
const eventType = 'order.created'

/** Two-phase commit: each process has its say before anybody applies anything. */
export async function commitSettings(stage: Stage): Promise<void> {
  const { screen, host } = stage
  screen.say('step', `a setting is committed on all three; bell allows at most 100`)
  await stage.worker('bell').ask('limit', { path, max: 100 })
  const began = host.nowMs()
  const { reason: problem } = await stage.worker('ada').ask('commit', { path, value: accepted })
  const tookMs = host.nowMs() - began
  if (problem !== undefined) throw didNotHappen(`the commit was refused: ${problem}`)
  await allHave(stage, accepted)
  screen.say('good', `${path} = ${String(accepted)}: committed everywhere, ${tookMs.toFixed(1)} ms`)
  const { reason, by } = await stage.worker('ada').ask('commit', { path, value: refused })
  if (reason === undefined) throw didNotHappen('a value that bell does not allow was committed')
  await allHave(stage, accepted)
  screen.say('good', `${path} = ${String(refused)}: refused by ${by ?? 'nobody'}: ${reason}`)
  screen.say('good', `all three still have ${String(accepted)}`)
  stage.note('a setting committed on 3 processes', tookMs, 'ms')
}

/** An event emitted by one process is in the history of another. */
export async function findEvent(stage: Stage): Promise<void> {
  const { screen, host } = stage
  screen.say('step', 'ada emits an event; curie is asked what happened')
  await stage.worker('ada').ask('emit', { type: eventType, data: { id: 42 } })
  const deadlineMs = host.nowMs() + patienceMs
  for (;;) {
    const [event] = await stage.worker('curie').ask('query', { type: eventType })
    if (event) {
      const { type, source, data } = event
      screen.say('good', `curie has ${type} from ${source}: ${JSON.stringify(data)}`)
      return
    }
    if (host.nowMs() > deadlineMs) throw didNotHappen('curie never heard of the event')
    await sleep(host, 5)
  }
}

async function allHave(stage: Stage, value: number): Promise<void> {
  for (const worker of stage.crew) {
    const { value: held } = await worker.ask('setting', { path })
    if (held !== value) throw didNotHappen(`${worker.name} has ${path} = ${String(held)}`)
  }
}
