/** The network interfaces of this machine, also while the system will not list them. */
import type { NetworkInterfaceInfo } from 'node:os'
import type { InterfaceAddress } from '../port/ports.ts'

type SystemList = () => NodeJS.Dict<NetworkInterfaceInfo[]>

/**
 * Lists interfaces. Never throws: while the system fails to list them (a process without a free file
 * descriptor gets EMFILE) they are as they were the last time, and none before the first.
 */
export function interfaceLister(list: SystemList): () => readonly InterfaceAddress[] {
  let latest: readonly InterfaceAddress[] = []
  return () => {
    try {
      latest = flat(list())
    } catch {
      // Asked again in a moment; strategies tell when none is left to speak on.
    }
    return latest
  }
}

function flat(listed: ReturnType<SystemList>): InterfaceAddress[] {
  return Object.entries(listed).flatMap(([name, addresses = []]) =>
    addresses.map(({ address, family, netmask, internal }) => ({
      name,
      address,
      family: family === 'IPv4' ? 4 : 6,
      netmask,
      isInternal: internal,
    })),
  )
}
