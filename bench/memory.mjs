/**
 * What one node costs with 0, 10 and 50 peers: resident memory, heap, and processor time while
 * idle. Every peer is a process of its own in a full mesh; all of them are measured.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { formFleet } from './crash-detection.mjs'
import { monotonicMs } from './harness/clock.mjs'
import { closeFleet, openFleet } from './harness/fleet.mjs'
import { printTable, spreadText, threeDigits } from './harness/report.mjs'
import { median } from './harness/statistics.mjs'
import { systems } from './systems/system.mjs'

const peerCounts = [0, 10, 50]
const settleMs = 10_000
const observeMs = 5_000
const mebibyte = 2 ** 20

export const memory = {
  summary: 'memory and idle processor time of a node with 0, 10 and 50 peers',
  async run({ isWanted }) {
    const results = []
    for (const peers of peerCounts) {
      for (const system of ['foundation', 'moleculer'].filter(isWanted)) {
        console.log(`${systems[system].title} with ${peers} peers ...`)
        results.push({ system, peers, nodes: await measure(system, peers) })
      }
    }
    print(results)
    return { memory: results }
  },
}

async function measure(system, peers) {
  const names = Array.from({ length: peers + 1 }, (_, index) => `node-${index + 1}`)
  const fleet = await openFleet({ system, names })
  try {
    if (peers > 0) await formFleet(fleet)
    await sleep(settleMs)
    const beganAtMs = monotonicMs()
    const before = await vitalsOf(fleet)
    await sleep(observeMs)
    const after = await vitalsOf(fleet)
    const elapsedMs = monotonicMs() - beganAtMs
    return after.map((vitals, index) => ({
      ...vitals,
      idleCpuShare: (vitals.cpuMs - before[index].cpuMs) / elapsedMs,
    }))
  } finally {
    await closeFleet(fleet)
  }
}

function vitalsOf(fleet) {
  return Promise.all(fleet.map((one) => one.call('vitals')))
}

function print(results) {
  const mebibytes = (bytes) => threeDigits(bytes / mebibyte)
  console.log()
  printTable(
    results.map(({ system, peers, nodes }) => ({
      system: systems[system].title,
      peers: String(peers),
      'resident MiB': spreadText(
        nodes.map((node) => node.rssBytes),
        mebibytes,
      ),
      'heap used MiB': spreadText(
        nodes.map((node) => node.heapUsed),
        mebibytes,
      ),
      'KiB resident per peer': perPeer(results, { system, peers, nodes }),
      'idle processor %': spreadText(nodes.map((node) => node.idleCpuShare * 100)),
    })),
  )
}

function perPeer(results, { system, peers, nodes }) {
  const alone = results.find((one) => one.system === system && one.peers === 0)
  if (peers === 0 || !alone) return '-'
  const more = median(nodes.map((node) => node.rssBytes)) - alone.nodes[0].rssBytes
  return threeDigits(more / 1024 / peers)
}
