/** Nodes that were found and are not of this cluster: another secret, another app, an old version. */
import type { FoundationError } from '../../kernel/index.ts'
import type { Check, Finding } from './check.ts'

/** Tells each refusal once, in the words of whoever refused. */
export const strangerCheck: Check = {
  name: 'strangers',
  run({ observation }) {
    const found = (observation?.troubles ?? []).map(findingOf)
    return [...new Map(found.map((finding) => [finding.text, finding])).values()]
  },
}

const adviceByReason: Readonly<Record<string, string>> = {
  auth: 'give all nodes one secret: foundation secret show, then FOUNDATION_SECRET on the others',
  'secret-differs':
    'give all nodes one secret: foundation secret show, then FOUNDATION_SECRET on the others',
  version: 'install the same version of foundation-ts everywhere',
  name_in_use: 'give every node a name of its own, or none',
}

/** Two apps beside each other are no illness. */
const harmless = 'cluster_mismatch'

function findingOf({ message, details }: FoundationError): Finding {
  const reason = String(details?.['reason'])
  if (reason === harmless) {
    return { level: 'warn', text: message, advice: 'nothing, if it is meant to be another app' }
  }
  const advice = adviceByReason[reason]
  return { level: 'fail', text: message, ...(advice !== undefined && { advice }) }
}
