/** Finds the best prompt with all workers there are; killed and started again, it goes on where it was. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import { startNode } from 'foundation-ts'
import { candidates } from './task.mjs'

const [file = 'prompt-search.json', evaluators = '4'] = process.argv.slice(2)
const failuresMax = 100

/** Scores by prompt, on disk after each: the file is whole at any moment. */
const scores = new Map(saved())
const open = candidates.filter((prompt) => !scores.has(prompt))
let failures = 0

function saved() {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return [] // The first run.
  }
}

function keep(prompt, score) {
  scores.set(prompt, score)
  writeFileSync(`${file}.new`, JSON.stringify([...scores]))
  renameSync(`${file}.new`, file)
  const done = Math.floor((scores.size / candidates.length) * 30)
  const bar = `[${'#'.repeat(done).padEnd(30, '.')}] ${scores.size}/${candidates.length}`
  process.stdout.write(process.stdout.isTTY ? `\r${bar}` : `${bar}\n`)
}

/** Gives one evaluator a prompt after the other. It may move meanwhile; a call that was lost is made again. */
async function evaluateWith(id) {
  await node.supervisor.startChild({ id, service: 'Evaluator' })
  const evaluator = node.supervisor.get(id, { timeoutMs: 30_000 })
  for (let prompt = open.shift(); prompt !== undefined; prompt = open.shift()) {
    try {
      keep(prompt, await evaluator.evaluate(prompt))
    } catch (error) {
      open.push(prompt)
      if ((failures += 1) > failuresMax) throw error
      await wait(200)
    }
  }
}

if (scores.size > 0) console.log(`goes on after ${scores.size} of ${candidates.length}`)
const node = await startNode({ app: 'prompt-search', cluster: true, signals: true })
await node.ready({ minPeers: 1 })
const ids = Array.from({ length: Number(evaluators) }, (_, at) => `evaluator:${at}`)
await Promise.all(ids.map((id) => evaluateWith(id)))

const [[prompt, score]] = [...scores].sort(([, a], [, b]) => b - a)
console.log(`\nbest, ${score.toFixed(3)}: ${prompt}`)
await Promise.all(ids.map((id) => node.supervisor.stopChild(id)))
await node.stop()
