/**
 * Addresses as people write them: "host:port" with IPv4, IPv6 in brackets, or a DNS name. Pure.
 */
import { isIPv6 } from 'node:net'

/** The two halves of an address. IPv6 hosts carry no brackets. */
export interface HostPort {
  readonly host: string
  readonly port?: number
}

const hostPattern = /^[A-Za-z0-9_.-]{1,253}$/

/** True for an IPv4 address, an IPv6 address (with or without a zone) or something a DNS name may be. */
export function isHost(text: string): boolean {
  return hostPattern.test(text) || isIPv6(text)
}

/** True for a port one can dial. */
export function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65_535
}

/**
 * Takes "host", "host:port", "[v6]", "[v6]:port" or a bare IPv6 address apart.
 *
 * @returns undefined when it is none of these.
 */
export function parseAddress(text: string): HostPort | undefined {
  // The common kind first: what this pattern takes is never IPv6, whose own pattern is slow.
  const plain = /^([A-Za-z0-9_.-]{1,253})(?::(\d{1,5}))?$/.exec(text)
  if (plain) return hostPort(plain)
  if (isIPv6(text)) return { host: text }
  const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text)
  return bracketed && isIPv6(bracketed[1] ?? '') ? hostPort(bracketed) : undefined
}

function hostPort([, host = '', digits]: RegExpExecArray): HostPort | undefined {
  if (digits === undefined) return { host }
  const port = Number(digits)
  return isPort(port) ? { host, port } : undefined
}

/** "host:port", with brackets around IPv6. */
export function formatAddress(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${String(port)}`
}

/** True for addresses that never leave the machine. */
export function isLoopback(host: string): boolean {
  return /^127\.|^::1$|^localhost$/.test(host)
}
