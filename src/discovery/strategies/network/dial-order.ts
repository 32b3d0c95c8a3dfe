/** Which of the addresses a node announced to dial first. Pure. */
import { formatAddress, isLoopback, parseAddress } from '../../port/address.ts'

const addressesMax = 8

/**
 * The addresses to try, best first: those with the packet's own source (it got here, so that works),
 * the source with the announced ports, then the rest; loopback only from this machine.
 */
export function orderedAddresses(
  announced: readonly string[],
  source: string,
  isThisMachine: boolean,
): string[] {
  const hosts = announced.map((address) => ({ address, ...parseAddress(address) }))
  const isLocal = isThisMachine || isLoopback(source)
  const direct = hosts.filter(({ host }) => host === source).map(({ address }) => address)
  const atSource = hosts.flatMap(({ port }) =>
    port === undefined ? [] : [formatAddress(source, port)],
  )
  const others = hosts
    .filter(({ host }) => isLocal || !isLoopback(host ?? ''))
    .map(({ address }) => address)
  return [...new Set([...direct, ...atSource, ...others])].slice(0, addressesMax)
}
