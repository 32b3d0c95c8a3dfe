/** The real outside world for strategies. */
import { readFile } from 'node:fs/promises'
import { networkInterfaces, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { openHttpStream, requestHttp } from './http-request.ts'
import { interfaceLister } from './interfaces.ts'
import { openMdns } from './mdns-socket.ts'
import { runCommand } from './run-command.ts'
import { systemDns } from './system-dns.ts'
import { openUdp } from './udp-socket.ts'
import type { DiscoveryPorts } from '../port/ports.ts'

/** Sockets, name service, interfaces, commands and folders of this machine. */
export const systemPorts: DiscoveryPorts = {
  networkInterfaces: interfaceLister(networkInterfaces),
  openUdp,
  openMdns,
  dns: systemDns,
  request: requestHttp,
  openStream: openHttpStream,
  readText: (path) => readFile(path, 'utf8'),
  environment: (name) => process.env[name],
  runCommand,
  runtimeFolder,
}

/** The session's own folder when the system made one, else one of this user's among the temporary files. */
function runtimeFolder(): string {
  const given = process.env.XDG_RUNTIME_DIR
  if (given !== undefined && given !== '') return join(given, 'foundation')
  const { uid, username } = userInfo()
  return join(tmpdir(), `foundation-${uid >= 0 ? String(uid) : username}`)
}
