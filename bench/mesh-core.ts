/**
 * What a full mesh of hundreds of nodes costs, simulated in virtual time with the production code that
 * decides and talks (see `mesh-core/core-node.ts`) over a light network (`mesh-core/core-network.ts`).
 * `mesh-size.ts` does it with whole nodes, for fewer of them.
 *
 *     node --max-old-space-size=16000 bench/mesh-core.ts [--sizes 100,200,1000] [--save bench/mesh-size.json]
 */
import process from 'node:process'
import { parseArgs } from 'node:util'
import { CoreNetwork, pingIntervalMs } from './mesh-core/core-network.ts'
import { saveRows, type SizeRow } from './mesh-core/rows.ts'

/** Two rounds of digests. */
const idleMs = 3_000
const patienceMs = 60_000

const { values } = parseArgs({
  options: { sizes: { type: 'string', default: '100,200,1000' }, save: { type: 'string' } },
})
const rows: SizeRow[] = []
for (const size of values.sizes.split(',').map(Number)) rows.push(await measure(size))
console.table(rows)
if (values.save !== undefined) saveRows(values.save, rows)

async function measure(size: number): Promise<SizeRow> {
  const cpuBefore = process.cpuUsage()
  const network = new CoreNetwork(size)
  const tell = (what: string): void => {
    const { user, system } = process.cpuUsage(cpuBefore)
    const megabytes = Math.round(process.memoryUsage.rss() / 1e6)
    const spent = `${String(Math.round((user + system) / 1e6))} s of a core, ${String(megabytes)} MB`
    console.log(
      `${String(size)} nodes: ${what} (virtual ${String(network.clock.nowMs)} ms; ${spent})`,
    )
  }
  for (let at = 0; at < size; at++) {
    network.join(at)
    await pass(network, 3)
    if (at % 100 === 99) tell(`${String(at + 1)} linked`)
  }
  network.start()
  await pass(network, 2_000)
  tell('quiet')
  let accused = 0
  network.judged = () => (accused += 1)
  const before = { ...network.sent }
  await pass(network, idleMs, tell)
  const digests = ((network.sent.digests - before.digests) * 1_000) / idleMs
  const others = ((network.sent.others - before.others) * 1_000) / idleMs
  tell(
    `idle: ${String(Math.round(digests))} digests and ${String(Math.round(others))} others a second`,
  )
  const knownMs = await announce(network)
  tell(`an announcement is everywhere after ${String(knownMs)} ms`)
  if (accused > 0) throw new Error(`${String(accused)} verdicts on nodes that are well`)
  const silence = await silenced(network, tell)
  tell(
    `a silent node is down for the first after ${String(silence.firstMs)} ms, for all after ${String(silence.allMs)} ms`,
  )
  const { user, system } = process.cpuUsage(cpuBefore)
  return {
    kind: 'core',
    nodes: size,
    payloadsPerSecond: Math.round(digests + others),
    digestsPerSecond: Math.round(digests),
    pingsPerSecond: (size * (size - 1) * 1_000) / pingIntervalMs,
    nameKnownMs: knownMs,
    silenceFirstMs: silence.firstMs,
    silenceSeenMs: silence.allMs,
    events: network.clock.events,
    processorSeconds: Math.round((user + system) / 1e6),
  }
}

async function pass(
  network: CoreNetwork,
  ms: number,
  tell?: (what: string) => void,
): Promise<void> {
  for (let at = 1; at <= ms; at++) {
    await network.clock.step()
    if (at % 1_000 === 0) tell?.(`${String(at)} ms passed`)
  }
}

/** Virtual milliseconds until every node has what one of them says of itself. */
async function announce({ nodes, clock }: CoreNetwork): Promise<number> {
  const [owner] = nodes
  if (!owner) return Number.NaN
  const beganMs = clock.nowMs
  const sequence = owner.ownerLog.put('study', 'a name', { since: 1 })
  const { name, incarnation } = owner.self
  const position = { owner: name, incarnation, sequence }
  while (!nodes.every(({ ownerLog }) => ownerLog.hasReached(position))) {
    if (clock.nowMs - beganMs > patienceMs) throw new Error('the announcement did not arrive')
    await clock.step()
  }
  return clock.nowMs - beganMs
}

/** A node stands still: when the first and the last of the others give it up. */
async function silenced(
  network: CoreNetwork,
  tell: (what: string) => void,
): Promise<{ readonly firstMs: number; readonly allMs: number }> {
  const { clock, nodes } = network
  const beganMs = clock.nowMs
  const victim = nodes.length - 1
  const downAtMs: number[] = []
  network.judged = (by, name, verdict) => {
    if (name !== `n${String(victim)}`) throw new Error(`${by}: ${name} is ${verdict}, and is well`)
    if (verdict === 'down') downAtMs.push(clock.nowMs - beganMs)
  }
  network.silence(victim)
  while (downAtMs.length < nodes.length - 1) {
    if (clock.nowMs - beganMs > patienceMs) throw new Error('the silent node was not given up')
    await pass(network, 1)
    if ((clock.nowMs - beganMs) % 1_000 === 0)
      tell(`silent for ${String(clock.nowMs - beganMs)} ms`)
  }
  return { firstMs: downAtMs[0] ?? Number.NaN, allMs: downAtMs.at(-1) ?? Number.NaN }
}
