/**
 * Long runs under hostile conditions. `hogs`: three processes while every core is hogged; nobody
 * may be declared down. `stalled-reader`: a publisher that never waits, a subscriber that is
 * frozen; the publisher's memory must stay flat on every class.
 */
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { formFleet } from './crash-detection.mjs'
import { monotonicMs } from './harness/clock.mjs'
import { closeFleet, openFleet, startWorker } from './harness/fleet.mjs'
import { printGoal, printTable, threeDigits } from './harness/report.mjs'
import { median } from './harness/statistics.mjs'

const mebibyte = 2 ** 20

export const hogs = {
  summary: 'false alarms of 3 processes with every core hogged, for --minutes (10)',
  async run({ minutes }) {
    const fleet = await openFleet({ system: 'foundation', names: ['node-1', 'node-2', 'node-3'] })
    const burners = Array.from({ length: availableParallelism() }, (_, index) =>
      startWorker(`hog-${index + 1}`),
    )
    const news = []
    try {
      await formFleet(fleet)
      for (const node of fleet) node.onReport((one) => news.push({ seenBy: node.name, ...one }))
      await Promise.all(fleet.map((node) => node.call('watch')))
      await Promise.all(burners.map((burner) => burner.call('hog')))
      await countdown(minutes, news)
    } finally {
      for (const burner of burners) burner.signal('SIGKILL')
      await closeFleet(fleet)
    }
    return reportHogs(minutes, news)
  },
}

async function countdown(minutes, news) {
  const endAtMs = monotonicMs() + minutes * 60_000
  for (let minute = 1; minute <= minutes; minute += 1) {
    await sleep(Math.max(0, Math.min(60_000, endAtMs - monotonicMs())))
    console.log(
      `minute ${minute} of ${minutes}: ${count(news, 'suspect')} suspicions, ${count(news, 'down')} down`,
    )
  }
}

function count(news, wanted) {
  return news.filter(({ type }) => type === wanted).length
}

function reportHogs(minutes, news) {
  const down = count(news, 'down')
  const goal = 'none'
  const measured = `${down} (${count(news, 'suspect')} suspicions)`
  printGoal({ what: `false "down" in ${minutes} min`, goal, measured, reached: down === 0 })
  return { minutes, news }
}

const stallMs = 60_000
const careless = { ratePerSecond: 2000, bodyBytes: 4096 }
const classes = ['control', 'events', 'telemetry', 'bulk']

export const stalledReader = {
  summary: "a publisher's memory over 60 s while its subscriber is frozen, on each class",
  async run() {
    const { ratePerSecond, bodyBytes } = careless
    console.log(`${ratePerSecond} broadcasts a second of ${bodyBytes} bytes, never awaited`)
    const results = []
    for (const className of classes) results.push(await stall(className))
    print(results)
    return { stalledReader: results }
  },
}

/** Deadlines so long that nobody is declared down: the queues must hold without that help. */
const patient = { suspectAfterMs: 120_000, downAfterMs: 240_000 }

async function stall(className) {
  const topic = `${className}.stall`
  const settings = { membership: patient }
  const names = ['publisher', 'subscriber']
  const fleet = await openFleet({ system: 'foundation', names, settings })
  try {
    const [publisher, subscriber] = fleet
    await subscriber.call('subscribe', { topic })
    await formFleet(fleet)
    await publisher.call('publishCarelessly', { topic, ...careless, forMs: 5000 })
    subscriber.signal('SIGSTOP')
    const publishing = publisher.call('publishCarelessly', { topic, ...careless, forMs: stallMs })
    const rssBytes = await sampleMemory(publisher)
    const outcome = await publishing
    console.log(`${className}: ${describe(outcome)}`)
    return { class: className, rssBytes, ...outcome }
  } finally {
    await closeFleet(fleet)
  }
}

async function sampleMemory(publisher) {
  const samples = []
  const endAtMs = monotonicMs() + stallMs - 1000
  while (monotonicMs() < endAtMs) {
    const { rssBytes } = await publisher.call('vitals')
    samples.push(rssBytes)
    await sleep(1000)
  }
  return samples
}

function describe({ offered, settled, refused }) {
  return `${offered} offered, ${settled} settled, ${refused} refused`
}

/** The link itself gives a silent peer up after 30 s, which is told apart: two stretches. */
const stretches = [
  { what: 'while the link stands', fromS: 10, toS: 25 },
  { what: 'after the link was given up', fromS: 35, toS: 58 },
]
const growthMaxMib = 4

function print(results) {
  console.log()
  printTable(
    results.map(({ class: className, rssBytes, offered, settled, refused }) => ({
      class: className,
      ...Object.fromEntries([5, 10, 25, 35, 58].map((s) => [`MiB at ${s} s`, mibAt(rssBytes, s)])),
      'MiB offered': threeDigits((offered * careless.bodyBytes) / mebibyte),
      settled: String(settled),
      refused: String(refused),
    })),
  )
  for (const { class: className, rssBytes } of results) {
    for (const { what, fromS, toS } of stretches) {
      const growth = (around(rssBytes, toS) - around(rssBytes, fromS)) / mebibyte
      printGoal({
        what: `${className}: growth from ${fromS} s to ${toS} s, ${what}`,
        goal: `<= ${growthMaxMib} MiB`,
        measured: `${threeDigits(growth)} MiB`,
        reached: growth <= growthMaxMib,
      })
    }
  }
}

function mibAt(samples, second) {
  return threeDigits(around(samples, second) / mebibyte)
}

/** One sample a second; the median of three. */
function around(samples, second) {
  return median(samples.slice(second - 2, second + 1))
}
