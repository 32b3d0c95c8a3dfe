/**
 * Where to listen and what to tell other nodes to dial. Pure, but for `thisMachine`.
 */
import { networkInterfaces } from 'node:os'
import type { MeshOptions } from './mesh-options.ts'

/** One address of one network interface. */
export interface InterfaceAddress {
  readonly interfaceName: string
  readonly address: string
  readonly family: 'IPv4' | 'IPv6'
  /** Reaches only this machine. */
  readonly internal: boolean
}

/** More would not fit into a HELLO. */
const addressesMax = 16

const loopback = '127.0.0.1'
const wildcards: readonly string[] = ['::', '0.0.0.0']

/** The addresses of this machine now. */
export function thisMachine(): InterfaceAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([interfaceName, addresses]) =>
    (addresses ?? []).map(({ address, family, internal }) => ({
      ...{ interfaceName, address, family, internal },
    })),
  )
}

/** Hosts to try to listen on, in order: a machine without IPv6 refuses the first. */
export function listenHosts(options: MeshOptions, machine: readonly InterfaceAddress[]): string[] {
  if (options.listen?.host !== undefined) return [options.listen.host]
  const { interfaces } = options
  const chosen = machine.filter(({ interfaceName }) => interfaces?.includes(interfaceName))
  const isConfined = interfaces !== undefined && chosen.every(({ internal }) => internal)
  return isConfined ? [loopback] : [...wildcards]
}

/** What other nodes are told to dial: "host:port" or "[v6]:port", best first. */
export function advertisedAddresses(
  options: MeshOptions,
  bound: { readonly host: string; readonly port: number },
  machine: readonly InterfaceAddress[],
): string[] {
  const port = options.advertise?.port ?? bound.port
  const { advertise } = options
  const hosts =
    advertise?.host !== undefined
      ? [advertise.host]
      : wildcards.includes(bound.host)
        ? hostsOf(options, bound.host, machine)
        : [bound.host]
  return hosts.slice(0, addressesMax).map((host) => joinHostPort(host, port))
}

/** "host:port", with brackets around an IPv6 address. */
export function joinHostPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${String(port)}`
}

/** Real networks first, then those of containers on this machine, then this machine alone. */
function hostsOf(
  { interfaces }: MeshOptions,
  boundHost: string,
  machine: readonly InterfaceAddress[],
): string[] {
  const usable = machine.filter(
    ({ interfaceName, address, family, internal }) =>
      !internal &&
      !address.startsWith('fe80') &&
      (family === 'IPv4' || boundHost === '::') &&
      (interfaces?.includes(interfaceName) ?? true),
  )
  const ranked = usable.toSorted((a, b) => rankOf(a) - rankOf(b)).map(({ address }) => address)
  return interfaces === undefined || ranked.length === 0 ? [...ranked, loopback] : ranked
}

function rankOf({ interfaceName, family }: InterfaceAddress): number {
  const isVirtual = /^(docker|br-|veth|virbr|cni|flannel|podman|lxc)/.test(interfaceName)
  return (isVirtual ? 2 : 0) + (family === 'IPv6' ? 1 : 0)
}
