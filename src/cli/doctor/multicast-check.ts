/** Multicast: whether a packet sent on each interface comes back. Gossip and mDNS live on it. */
import { deferred, sleep, toError, type Host } from '../../kernel/index.ts'
import type { Check, Finding, Patient } from './check.ts'

const group = '233.252.1.33'
const waitMs = 1_000
const portMin = 49_152
const portsCount = 16_000

interface Heard {
  readonly name: string
  /** Undefined when the packet came back. */
  readonly problem: string | undefined
}

/** Sends one packet to itself on every interface, on a port nobody else uses. */
export const multicastCheck: Check = {
  name: 'multicast',
  async run(patient) {
    const { settings, ports } = patient
    const users = Object.values(settings.topologies).filter(
      ({ strategy, enabled }) => enabled && (strategy === 'gossip' || strategy === 'mdns'),
    )
    if (users.length === 0) return []
    const wanted = settings.options['interfaces']?.value as readonly string[] | undefined
    const all = ports
      .networkInterfaces()
      .filter(({ family, name }) => family === 4 && (!wanted || wanted.includes(name)))
    const results = await Promise.all(all.map((one) => hearSelf(patient, one)))
    const outside = all.filter(({ isInternal }) => !isInternal).map(({ name }) => name)
    return findings(results, { outside, isConfined: wanted !== undefined })
  },
}

function findings(
  results: readonly Heard[],
  { outside, isConfined }: { outside: readonly string[]; isConfined: boolean },
): Finding[] {
  const found = results.map(({ name, problem }): Finding => {
    if (problem === undefined) return { level: 'ok', text: `${name} carries multicast` }
    return { level: 'warn', text: `${name} carries no multicast: ${problem}` }
  })
  const heard = results.filter(({ problem }) => problem === undefined).map(({ name }) => name)
  if (heard.length === 0) {
    const text = 'no interface carries multicast: gossip and mdns find nobody'
    return [...found, { level: 'fail', text, advice: elsewhere }]
  }
  if (isConfined || heard.some((name) => outside.includes(name))) return found
  const text = 'only this machine is reached by multicast: gossip and mdns find nobody elsewhere'
  return [...found, { level: 'warn', text, advice: elsewhere }]
}

const elsewhere =
  'in clouds and containers that is usual: use the strategy kubernetes, dns or static; else let UDP ' +
  `to ${group} through the firewall`

/** Never rejects. */
async function hearSelf(
  { ports, host }: Patient,
  { name, address }: { name: string; address: string },
): Promise<Heard> {
  const token = Buffer.from(host.randomBytes(16))
  const heard = deferred<boolean>()
  const port = portMin + Math.floor(host.random() * portsCount)
  try {
    const socket = await ports.openUdp({
      bindAddress: '0.0.0.0',
      bindPort: port,
      isShared: true,
      mayBroadcast: false,
      multicastInterface: address,
      multicastTtl: 1,
      onMessage: (bytes) => {
        if (bytes.equals(token)) heard.resolve(true)
      },
      onError: () => {
        heard.resolve(false)
      },
    })
    try {
      socket.join(group, address)
      await socket.send(token, port, group)
      const isHeard = await Promise.race([heard.promise, silence(host)])
      return { name, problem: isHeard ? undefined : 'its own packet did not come back' }
    } finally {
      await socket.close()
    }
  } catch (error) {
    return { name, problem: toError(error).message }
  }
}

async function silence(host: Host): Promise<false> {
  await sleep(host, waitMs)
  return false
}
