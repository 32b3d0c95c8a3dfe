/** Where nodes listen: a port that is taken, and loopback where others must come in. */
import type { Endpoint } from '../../setup/index.ts'
import type { Check, Finding, Patient } from './check.ts'

/** Tries to listen as a node would. */
export const listenCheck: Check = {
  name: 'listen',
  async run(patient) {
    const endpoint = (patient.settings.options['listen']?.value ?? {}) as Endpoint
    return [await portFinding(patient, endpoint), ...loopbackFindings(patient, endpoint)]
  },
}

async function portFinding(patient: Patient, endpoint: Endpoint): Promise<Finding> {
  const { host = 'every address', port = 0 } = endpoint
  const refusal = await patient.tryListening(endpoint)
  if (!refusal) {
    const where = port === 0 ? 'a free port' : `port ${String(port)}`
    return { level: 'ok', text: `can listen on ${where} of ${host}` }
  }
  const owner = port === 0 ? undefined : await patient.nodeAtPort(port)
  if (owner !== undefined) {
    return { level: 'ok', text: `port ${String(port)} is that of ${owner}, which runs here` }
  }
  const advice =
    'end the process that has it (ss -ltnp shows which), or set listen: { port } or FOUNDATION_LISTEN'
  return { level: 'fail', text: refusal.message, advice }
}

function loopbackFindings({ settings }: Patient, { host }: Endpoint): Finding[] {
  const { mode, options, topologies } = settings
  if (mode === 'alone' || host === undefined || !/^(127\.|::1$|localhost$)/.test(host)) return []
  const isConfined = String(options['interfaces']?.value) === 'lo'
  const looksFar = Object.values(topologies).some(
    ({ strategy, enabled }) => enabled && strategy !== 'local',
  )
  if (isConfined || !looksFar) {
    return [{ level: 'ok', text: 'confined to this machine: other machines are not looked for' }]
  }
  const text = `listens on ${host} only: nodes on other machines are found but cannot connect`
  return [{ level: 'fail', text, advice: 'leave listen.host out, or give an address others reach' }]
}
