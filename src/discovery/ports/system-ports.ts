/** The real outside world for strategies. */
import { networkInterfaces, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { requestHttp } from './http-request.ts'
import { runCommand } from './run-command.ts'
import { systemDns } from './system-dns.ts'
import { openUdp } from './udp-socket.ts'
import type { DiscoveryPorts, InterfaceAddress } from '../port/ports.ts'

/** Sockets, name service, interfaces, commands and folders of this machine. */
export const systemPorts: DiscoveryPorts = {
  networkInterfaces: listInterfaces,
  openUdp,
  dns: systemDns,
  request: requestHttp,
  runCommand,
  runtimeFolder,
}

function listInterfaces(): readonly InterfaceAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.map(({ address, family, netmask, internal }) => ({
      name,
      address,
      family: family === 'IPv4' ? 4 : 6,
      netmask,
      isInternal: internal,
    })),
  )
}

/** The session's own folder when the system made one, else one of this user's among the temporary files. */
function runtimeFolder(): string {
  const given = process.env.XDG_RUNTIME_DIR
  if (given !== undefined && given !== '') return join(given, 'foundation')
  const { uid, username } = userInfo()
  return join(tmpdir(), `foundation-${uid >= 0 ? String(uid) : username}`)
}
