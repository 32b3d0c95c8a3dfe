/**
 * The door of `mdns` to the network: packets of multicast DNS as plain data, checked, one socket an
 * interface. @source RFC 6762 (multicast DNS), RFC 6763 (service discovery)
 */

/** Kinds of records that service discovery needs; others are left out on arrival. */
export type MdnsRecord = MdnsPointer | MdnsService | MdnsText | MdnsAddress

interface MdnsRecordHead {
  /** With dots between the labels and none at the end; compare without regard to case. */
  readonly name: string
  /** Seconds; 0 says goodbye. */
  readonly ttlSeconds: number
  /** The cache-flush bit: other records of this name and type are no longer true. */
  readonly isFlush: boolean
}

/** "One of these is called so." */
export interface MdnsPointer extends MdnsRecordHead {
  readonly type: 'PTR'
  readonly target: string
}

/** Where an instance listens. */
export interface MdnsService extends MdnsRecordHead {
  readonly type: 'SRV'
  readonly target: string
  /** 1 to 65535. */
  readonly port: number
}

/** What an instance says of itself, `key=value`. */
export interface MdnsText extends MdnsRecordHead {
  readonly type: 'TXT'
  readonly entries: Readonly<Record<string, string>>
}

/** An address of a host. */
export interface MdnsAddress extends MdnsRecordHead {
  readonly type: 'A' | 'AAAA'
  readonly address: string
}

/** A question: records of this name and type. */
export interface MdnsQuestion {
  readonly name: string
  readonly type: MdnsRecord['type'] | 'ANY'
}

/** One packet. */
export interface MdnsPacket {
  readonly kind: 'query' | 'response'
  /** 0, except in questions of plain DNS clients, whose answers repeat it. */
  readonly id: number
  /** More known answers follow in another packet. */
  readonly isTruncated: boolean
  readonly questions: readonly MdnsQuestion[]
  /** In a query: what the asker knows already. */
  readonly answers: readonly MdnsRecord[]
  readonly additionals: readonly MdnsRecord[]
}

/** Who sent a packet. */
export interface MdnsSource {
  readonly address: string
  readonly port: number
}

/** How a socket is opened. */
export interface MdnsSocketOptions {
  /** IPv4 address of the interface it speaks on. */
  readonly interfaceAddress: string
  /** 5353, except in tests. */
  readonly port: number
  /** The package `multicast-dns`, when the user gave it. */
  readonly library: unknown
  readonly onPacket: (packet: MdnsPacket, source: MdnsSource) => void
  readonly onError: (error: Error) => void
}

/** An open socket of multicast DNS. */
export interface MdnsSocket {
  /**
   * To everybody, or to one.
   *
   * @throws (rejects) with the system's error.
   */
  send(packet: MdnsPacket, to?: MdnsSource): Promise<void>
  close(): Promise<void>
}
