/** Every topology's own word: lookups that fail, or that find nobody. */
import type { TopologyStatus } from '../../discovery/index.ts'
import type { Check, Finding } from './check.ts'

/** Reads what the observer's topologies say of themselves. */
export const lookupCheck: Check = {
  name: 'discovery',
  run({ observation }) {
    return (observation?.self.topologies ?? [])
      .filter(({ state }) => state === 'running')
      .map((topology) => findingOf(topology))
  },
}

const emptyAdvice: Readonly<Record<string, string>> = {
  dns: 'ask for the name yourself (dig, getent ahosts); a headless service lists pods that run',
  kubernetes: 'kubectl get pods -l <labelSelector> in the namespace shows what is looked for',
  static: 'give the addresses of the other nodes in "hosts"',
}

function findingOf({
  topology,
  strategy,
  poll,
  lastError,
  health,
  peers,
}: TopologyStatus): Finding {
  if (lastError && health.state !== 'ok')
    return { level: 'fail', text: `${topology}: ${lastError.message}` }
  if (health.state !== 'ok') return { level: 'warn', text: `${topology}: ${health.detail}` }
  const others = peers.filter(({ isSelf }) => !isSelf)
  const count = `${String(others.length)} ${others.length === 1 ? 'peer' : 'peers'}`
  if (others.length > 0 || !poll) return { level: 'ok', text: `${topology}: works, ${count}` }
  const advice = emptyAdvice[strategy]
  const text = `${topology}: the lookup works but lists nobody`
  return { level: 'warn', text, ...(advice !== undefined && { advice }) }
}
