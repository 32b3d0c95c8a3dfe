/** Which interfaces gossip uses, and which packets come from there. Pure. */
import { BlockList } from 'node:net'
import type { InterfaceAddress } from '../../port/ports.ts'

/** Linux lets a socket join 20 groups; more interfaces than this are left out. */
export const interfacesMax = 16

/** IPv4 addresses to use, one an interface; `wanted` (names or addresses) confines them. */
export function chooseInterfaces(
  all: readonly InterfaceAddress[],
  wanted: readonly string[],
): InterfaceAddress[] {
  const usable = all.filter(({ family, address, name }) => {
    if (family !== 4) return false
    return wanted.length === 0 || wanted.includes(name) || wanted.includes(address)
  })
  const firsts = usable.filter(
    ({ name }, index) => usable.findIndex((other) => other.name === name) === index,
  )
  return firsts.slice(0, interfacesMax)
}

/**
 * True when a packet's source may belong to the chosen interfaces. A socket hears what any process
 * of the machine joined, so confinement must be checked on arrival as well.
 */
export function sourceFilter(chosen: readonly InterfaceAddress[]): (source: string) => boolean {
  const nets = new BlockList()
  for (const { address, netmask } of chosen) nets.addSubnet(address, prefixLength(netmask), 'ipv4')
  return (source) => nets.check(source, 'ipv4')
}

/** The directed broadcast address of an interface. */
export function broadcastAddress({ address, netmask }: InterfaceAddress): string {
  const mask = octets(netmask)
  return octets(address)
    .map((octet, index) => octet | (~(mask[index] ?? 255) & 255))
    .join('.')
}

function prefixLength(netmask: string): number {
  const bits = octets(netmask).map((octet) => octet.toString(2).replaceAll('0', '').length)
  return bits.reduce((sum, count) => sum + count, 0)
}

function octets(address: string): number[] {
  return address.split('.').map(Number)
}
