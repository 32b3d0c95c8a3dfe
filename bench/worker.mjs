/**
 * One process under measurement. Loads one system and runs the commands its parent sends:
 * `{ id, command, args }` in, `{ id, result }` or `{ id, error }` out, `{ report }` unasked.
 */
import process from 'node:process'
import { monotonicMs } from './harness/clock.mjs'
import * as childrenTasks from './tasks/children.mjs'
import * as clusterTasks from './tasks/cluster.mjs'
import * as nameTasks from './tasks/names.mjs'
import * as settingsTasks from './tasks/settings.mjs'
import * as trafficTasks from './tasks/traffic.mjs'

/** @type {{ endpoint?: import('./systems/system.mjs').Endpoint }} */
const state = {}

// A system is loaded only where it is measured.
const adapters = {
  foundation: () => import('./systems/foundation.mjs'),
  'foundation-nats': () => import('./systems/foundation-nats.mjs'),
  'bare-tls': () => import('./systems/bare-tls.mjs'),
  nats: () => import('./systems/nats.mjs'),
  redis: () => import('./systems/redis.mjs'),
  moleculer: () => import('./systems/moleculer.mjs'),
  grpc: () => import('./systems/grpc.mjs'),
}

async function open(place) {
  const adapter = await adapters[place.system]()
  state.endpoint = await adapter.open(place)
}

const lifecycle = {
  open,
  async openTimed(place) {
    await open(place)
    return { atMs: monotonicMs() }
  },
  subscribe: ({ topic }) => state.endpoint.subscribe(topic, () => undefined),
  reach: ({ peers, topics }) => state.endpoint.reach(peers, topics),
  awaitReached: ({ peers, topics }) => state.endpoint.awaitReached?.(peers, topics),
}

const tasks = { ...trafficTasks, ...clusterTasks, ...nameTasks, ...settingsTasks, ...childrenTasks }

async function run(command, args) {
  if (command in lifecycle) return lifecycle[command](args)
  const task = tasks[command]
  if (!task) throw new Error(`no command ${command}`)
  return task(state.endpoint, args, (report) => process.send?.({ report }))
}

process.on('message', ({ id, command, args }) => {
  if (command === 'exit') return void exit()
  run(command, args).then(
    (result) => process.send?.({ id, result: result ?? null }),
    (error) => process.send?.({ id, error: error?.stack ?? String(error) }),
  )
})

// A worker never outlives the benchmark that started it.
process.on('disconnect', () => process.exit(1))

async function exit() {
  const late = new Promise((resolve) => setTimeout(resolve, 3000))
  await Promise.race([Promise.resolve(state.endpoint?.close()).catch(() => undefined), late])
  process.exit(0)
}
