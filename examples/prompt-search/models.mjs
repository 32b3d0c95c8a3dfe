/** A model is `(prompt, input) => Promise<string>`: one that needs nothing, and one behind http. */
import process from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'

const thinkMs = 15

/**
 * Answers sums the better the clearer it is told how; the same words, the same answers. A stand-in
 * that makes the search worth running without a model.
 */
export async function localModel(prompt, input) {
  await wait(thinkMs)
  const sum = input.split('+').reduce((total, number) => total + Number(number), 0)
  const isCareful = /step by step/.test(prompt)
  const isRight = input.length < 6 || isCareful
  const answer = String(isRight ? sum : sum + 1)
  if (/only the number/.test(prompt) && !/explain/i.test(prompt)) return answer
  return input.length % 2 === 0 ? answer : `The answer is ${answer}.`
}

/** A server with the chat interface many have: `MODEL_URL`, `MODEL_NAME`, `MODEL_KEY`. */
export async function httpModel(prompt, input) {
  const { MODEL_URL: url, MODEL_NAME: model, MODEL_KEY: key } = process.env
  const messages = [
    { role: 'system', content: prompt },
    { role: 'user', content: input },
  ]
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ model, messages, temperature: 0 }),
    signal: AbortSignal.timeout(60_000),
  })
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  const { choices } = await response.json()
  return choices[0].message.content
}
