/** Runs named commands one after another and prints what each took; stops at the first failure. */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

/** The checkout. */
export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))

const bin = path.join(root, 'node_modules', '.bin')

/** The environment in which the pinned Node and the tools of this project come first. */
export const toolEnv = {
  ...process.env,
  PATH: `${bin}${path.delimiter}${process.env.PATH ?? ''}`,
}

/** Each step is `[title, command, ...args]`. Returns the exit code for the process. */
export function runSteps(steps) {
  const began = performance.now()
  for (const [title, command, ...args] of steps) {
    const stepBegan = performance.now()
    console.log(`\n== ${title}`)
    const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: toolEnv })
    if (result.error) console.error(result.error.message)
    const status = result.status ?? 1
    if (status !== 0) {
      console.error(`\nFAILED: ${title} (exit ${status}): ${[command, ...args].join(' ')}`)
      return status
    }
    console.log(`   ${title}: ok, ${seconds(stepBegan)} s`)
  }
  console.log(`\nall steps passed in ${seconds(began)} s`)
  return 0
}

function seconds(since) {
  return ((performance.now() - since) / 1000).toFixed(1)
}
