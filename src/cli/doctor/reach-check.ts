/** Who cannot connect to whom: announced but not dialled, or seen by some and not by all. */
import type { PeerStatus } from '../../discovery/index.ts'
import type { NodeStatus } from '../../node/index.ts'
import { unreachedOf } from '../core/observer.ts'
import type { Check, Finding, Observation } from './check.ts'

/** Looks with the observer's eyes, then with those of every node that answered. */
export const reachCheck: Check = {
  name: 'reach',
  run({ observation }) {
    if (!observation) return []
    const reports = observation.answers.flatMap((answer) =>
      'status' in answer ? [answer.status] : [],
    )
    const silent = observation.answers.flatMap((answer) =>
      'error' in answer
        ? [fail(`${answer.node} is a member but does not answer: ${answer.error.message}`)]
        : [],
    )
    const found = [
      ...silent,
      ...undialled(observation),
      ...unreached(observation),
      ...reports.flatMap((report) => blind(report, reports)),
    ]
    if (found.length > 0) return found
    if (reports.length === 0) return [nobody(observation)]
    const names = reports.map(({ name }) => name).join(', ')
    const count = reports.length === 1 ? 'one node answers' : 'all answer and see each other'
    return [{ level: 'ok', text: `${count}: ${names}` }]
  },
}

const firewall =
  'a firewall may let UDP through and not TCP, or one direction only: allow the port nodes listen on, both ways'

/** Reasons of a dial that the check of strangers tells. */
const toldElsewhere = ['auth', 'cluster_mismatch', 'version', 'name_in_use', 'self', 'leaving']

function undialled({ self, lookedForMs }: Observation): Finding[] {
  return self.topologies.flatMap(({ topology, peers }) =>
    peers
      .filter((peer) => isStuck(peer, lookedForMs))
      .map(({ id, addresses, lastDialFailure }) =>
        fail(
          `${id} is found by ${topology} at ${addresses.join(', ')}, but no connection comes about ` +
            `(${lastDialFailure ?? `no answer in ${String(Math.round(lookedForMs))} ms`})`,
          firewall,
        ),
      ),
  )
}

/** Old entries of nodes that are gone are refused at once: nobody listens there any more. */
function isStuck(
  { isConnected, isSelf, lastDialFailure, knownForMs }: PeerStatus,
  lookedForMs: number,
): boolean {
  if (isConnected || isSelf) return false
  if (lastDialFailure === undefined) return knownForMs > lookedForMs / 2
  return lastDialFailure !== 'refused' && !toldElsewhere.includes(lastDialFailure)
}

/** Nodes that others see and this machine does not reach. */
function unreached({ answers, lookedForMs }: Observation): Finding[] {
  const waited = `in ${String(Math.round(lookedForMs))} ms`
  return [...unreachedOf(answers)].map(([name, seenBy]) =>
    fail(
      `${name} is seen by ${seenBy.join(', ')} and was not reached from here ${waited}`,
      firewall,
    ),
  )
}

/** Nodes that others see and this one does not. */
function blind({ name, members }: NodeStatus, reports: readonly NodeStatus[]): Finding[] {
  const seen = new Set(members.filter(({ status }) => status === 'alive').map((one) => one.name))
  return reports
    .filter((other) => other.name !== name && !seen.has(other.name))
    .map((other) => fail(`${name} does not see ${other.name}, which this machine does`, firewall))
}

function nobody({ self, lookedForMs }: Observation): Finding {
  const text = `no other node of "${self.app}" was found in ${String(Math.round(lookedForMs))} ms`
  if (!self.topologies.some(hearsOtherApps)) {
    return { level: 'warn', text, advice: 'start another node, then run this again' }
  }
  return {
    level: 'fail',
    text: `${text}, but nodes of another app are heard`,
    advice:
      'if they are meant to join, give all the same "app" (package.json name, FOUNDATION_APP)',
  }
}

/** Gossip counts the packets it does not take. */
function hearsOtherApps({ figures }: NodeStatus['topologies'][number]): boolean {
  const { rejected } = figures as { rejected?: Readonly<Record<string, number>> }
  return (rejected?.['other-cluster'] ?? 0) > 0
}

function fail(text: string, advice?: string): Finding {
  return { level: 'fail', text, ...(advice !== undefined && { advice }) }
}
