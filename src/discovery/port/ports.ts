/**
 * The doors strategies reach the outside through. `system-ports.ts` is the real world; tests give
 * fakes. Every call that waits takes a signal, every answer has a bound.
 */
import type { MdnsSocket, MdnsSocketOptions } from './mdns-port.ts'

/** One usable address of a network interface. */
export interface InterfaceAddress {
  /** Interface name, `eth0`. */
  readonly name: string
  readonly address: string
  readonly family: 4 | 6
  readonly netmask: string
  /** Loopback. */
  readonly isInternal: boolean
}

/** How a UDP socket is opened. */
export interface UdpOptions {
  readonly bindAddress: string
  /** 0: any free port. */
  readonly bindPort: number
  /** Several processes of a machine may bind the port, and each gets every multicast packet. */
  readonly isShared: boolean
  readonly mayBroadcast: boolean
  /** IPv4 address of the interface that multicast goes out on. */
  readonly multicastInterface?: string
  readonly multicastTtl?: number
  /** A datagram and the address it came from. */
  readonly onMessage: (bytes: Buffer, sourceAddress: string) => void
  /** The socket failed; it may go on. */
  readonly onError: (error: Error) => void
}

/** An open UDP socket (IPv4). */
export interface UdpSocket {
  /** @throws (rejects) with the system's error, e.g. `ENETUNREACH`. */
  send(bytes: Uint8Array, port: number, address: string): Promise<void>
  /** @throws the system's error, e.g. `ENODEV`. */
  join(group: string, interfaceAddress: string): void
  /** Does nothing when the interface is gone. */
  leave(group: string, interfaceAddress: string): void
  /** Resolves once the socket is closed. */
  close(): Promise<void>
}

/** One answer of an SRV query. */
export interface SrvRecord {
  readonly name: string
  readonly port: number
  readonly priority: number
  readonly weight: number
}

/** Name service. Errors carry the system's `code`: `ENOTFOUND`, `EAI_AGAIN`, `ESERVFAIL`, ... */
export interface DnsPort {
  /** A and AAAA through the system resolver, search domains included. */
  lookup(name: string): Promise<readonly string[]>
  /** SRV, by the name servers directly (no search domains). */
  resolveSrv(name: string, options: DnsQueryOptions): Promise<readonly SrvRecord[]>
  /** A and AAAA, by the name servers directly (no search domains). */
  resolveAddresses(name: string, options: DnsQueryOptions): Promise<readonly string[]>
}

/** True for an answer that says "there is none", which is knowledge, not a failure. */
export function isEmptyAnswer(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ENOTFOUND' || code === 'ENODATA'
}

/** Which name servers, and for how long. */
export interface DnsQueryOptions {
  readonly signal: AbortSignal
  /** "ip" or "ip:port"; empty: those of the system. */
  readonly servers: readonly string[]
}

/** One HTTP request. */
export interface HttpRequest {
  readonly url: string
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Certificate authority to trust, PEM; those of Node when left out. */
  readonly ca?: string
  /** Largest answer taken; more is an error. */
  readonly responseMaxBytes: number
  readonly signal: AbortSignal
}

/** Names in lower case; a repeated header is joined by commas. */
export type HttpHeaders = Readonly<Record<string, string>>

/** One HTTP answer, whatever its status. A redirect is an answer too: nothing is followed. */
export interface HttpResponse {
  readonly status: number
  readonly headers: HttpHeaders
  readonly body: string
}

/** An HTTP answer that is read as it comes. Aborting the signal of its request ends it. */
export interface HttpStream {
  readonly status: number
  readonly headers: HttpHeaders
  /** Throws when the connection is cut in the middle of the answer. */
  readonly chunks: AsyncIterable<Uint8Array>
}

/** One command. */
export interface CommandRun {
  readonly command: string
  /** True: `command` is a line for the shell. */
  readonly isShell: boolean
  readonly args: readonly string[]
  readonly outputMaxBytes: number
  readonly signal: AbortSignal
}

/** The outside world. */
export interface DiscoveryPorts {
  /** Interfaces that are up, with carrier. Ask again later: they come and go. */
  networkInterfaces(): readonly InterfaceAddress[]
  /** A UDP socket, bound when this resolves. */
  openUdp(options: UdpOptions): Promise<UdpSocket>
  /** @throws {FoundationError} (rejects) `FND_PACKAGE_MISSING` without the package `multicast-dns`. */
  openMdns(options: MdnsSocketOptions): Promise<MdnsSocket>
  readonly dns: DnsPort
  /** Certificates are always verified. Rejects on network errors and on answers over the bound. */
  request(request: HttpRequest): Promise<HttpResponse>
  /** As `request`, but resolves with the head of the answer; the reader bounds what it takes. */
  openStream(request: Omit<HttpRequest, 'responseMaxBytes'>): Promise<HttpStream>
  /** A text file. @throws (rejects) with the system's error, e.g. `ENOENT`. */
  readText(path: string): Promise<string>
  /** A variable of the environment that a platform sets, such as `KUBERNETES_SERVICE_HOST`. */
  environment(name: string): string | undefined
  /** @returns what it printed. Rejects when it ends with another code than 0. */
  runCommand(run: CommandRun): Promise<string>
  /** A folder of this user for things that need not survive a reboot. */
  runtimeFolder(): string
}
