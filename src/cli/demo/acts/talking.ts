/** Acts: messages on every channel, and control beside saturating bulk. */
import { sleep } from '../../../kernel/index.ts'
import { didNotHappen, victim, type Stage } from '../stage/stage.ts'

const messageCount = 1000
const pings = { count: 200, intervalMs: 5 }
const floodMs = 2000
const settleMs = 200
const talkingChannels = ['control', 'events', 'telemetry'] as const

/** A thousand messages on each of three channels. */
export async function talk(stage: Stage): Promise<void> {
  const { screen, host } = stage
  screen.say('step', `${String(messageCount)} messages on each of ${talkingChannels.join(', ')}`)
  for (const channel of talkingChannels) {
    const began = host.nowMs()
    const ask = { topic: `${channel}.demo`, count: messageCount }
    const { peers, dropped } = await stage.worker('ada').ask('publish', ask)
    if (dropped > 0) throw didNotHappen(`${String(dropped)} messages on ${channel} were dropped`)
    const tookMs = host.nowMs() - began
    screen.say('good', `${channel}: to ${String(peers)} peers in ${tookMs.toFixed(0)} ms`)
  }
}

/** Control round trips, alone and while bulk takes all there is. */
export async function floodBesideControl(stage: Stage): Promise<void> {
  const { screen, host } = stage
  const control = stage.worker('bell')
  screen.say('step', 'control round trips, alone and beside saturating bulk')
  const idle = await control.ask('ping', { target: victim, ...pings })
  screen.say('good', `alone:       p50 ${inMs(idle.p50Ms)}, p99 ${inMs(idle.p99Ms)}`)
  const flooding = stage.worker('ada').ask('flood', { forMs: floodMs })
  await sleep(host, settleMs)
  const busy = await control.ask('ping', { target: victim, ...pings })
  const { bytes, tookMs } = await flooding
  const megabytes = bytes / 1e6 / (tookMs / 1000)
  const beside = `while ${megabytes.toFixed(0)} MB/s went by`
  screen.say('good', `beside bulk: p50 ${inMs(busy.p50Ms)}, p99 ${inMs(busy.p99Ms)}, ${beside}`)
  await checkReceived(stage)
  stage.note('control round trip alone, p99', idle.p99Ms, 'ms')
  stage.note('control round trip beside bulk, p99', busy.p99Ms, 'ms')
  stage.note('bulk beside it, both receivers', megabytes, 'MB/s')
}

async function checkReceived(stage: Stage): Promise<void> {
  for (const worker of stage.others('ada')) {
    const received = await worker.ask('received', {})
    const late = talkingChannels.filter((channel) => received[channel] !== messageCount)
    if (late.length > 0) {
      throw didNotHappen(`${worker.name} did not get every message on ${late.join(', ')}`)
    }
    stage.screen.say('detail', `${worker.name} received ${JSON.stringify(received)}`)
  }
}

function inMs(value: number): string {
  return `${value.toFixed(2)} ms`
}
