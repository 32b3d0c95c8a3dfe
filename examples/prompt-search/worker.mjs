/** A process that evaluates prompts; start as many as there are machines. */
import process from 'node:process'
import { startNode } from 'foundation-ts'
import { httpModel, localModel } from './models.mjs'
import { scoreOf } from './task.mjs'

const model = process.env.MODEL_URL ? httpModel : localModel

class Evaluator {
  /** Called by the search, one prompt at a time; several evaluators work side by side. */
  async evaluate(prompt) {
    const score = await scoreOf(prompt, model)
    await node.events.emitDistributed('search.scored', { prompt, score })
    return score
  }
}

const node = await startNode({
  app: 'prompt-search',
  cluster: true,
  signals: true,
  services: { Evaluator },
})
let best = -Infinity
node.events.subscribe('search.scored', ({ source, data: { prompt, score } }) => {
  if (score <= best) return
  best = score
  console.log(`${source} has found ${score.toFixed(3)}: ${prompt}`)
})
console.log(`${node.name} works`)
