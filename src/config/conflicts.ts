/** Committed values that lost against others: said once each, on every node, and kept in the history. */
import type { Host } from '../kernel/index.ts'
import type { Router } from '../transport/index.ts'
import { message, messageCodes, object, string, type Message } from '../wire/index.ts'
import type { ConfigHistory } from './history.ts'
import type { ConfigNews } from './news.ts'
import { pathMaxBytes } from './record/path.ts'
import { settingRecord, versionId, versionShape } from './record/record.ts'
import type { KeptSetting } from './settings.ts'

/** A value that lost, as it is told to the other nodes. */
export interface LostValue extends KeptSetting {
  readonly path: string
}

/** The message of {@link LostValue}. */
export const conflictMessage: Message<LostValue> = message(
  messageCodes.configConflict,
  object({ path: string(pathMaxBytes), record: settingRecord, version: versionShape }),
)

/** What conflicts talk to. */
export interface ConflictsDeps {
  readonly history: ConfigHistory
  readonly news: (news: ConfigNews) => void
  readonly winnerOf: (path: string) => KeptSetting | undefined
  readonly host: Pick<Host, 'nowMs'>
  readonly router: Pick<Router, 'send'>
  readonly peers: () => readonly string[]
}

interface Told {
  readonly payload: Buffer
  readonly untilMs: number
}

const rememberedMax = 1_024
/** Nodes meet again one after the other: who is linked within this time is told as well. */
const tellForMs = 60_000

/** One a node. */
export class Conflicts {
  readonly #deps: ConflictsDeps
  readonly #seen = new Set<string>()
  /** What this node saw and told, oldest first. At most as many as are remembered. */
  #told: Told[] = []
  #count = 0

  constructor(deps: ConflictsDeps) {
    this.#deps = deps
  }

  /** Values that lost since this node started. */
  get count(): number {
    return this.#count
  }

  /** This node saw a value lose. */
  found(lost: LostValue): void {
    if (!this.#tell(lost)) return
    const { peers, host } = this.#deps
    const payload = conflictMessage.encode(lost)
    for (const peer of peers()) this.#send(peer, payload)
    this.#told = [...this.#fresh(), { payload, untilMs: host.nowMs() + tellForMs }]
  }

  /** A peer that was not there when the value lost may see only the one that won. */
  linkUp(peer: string): void {
    this.#told = this.#fresh()
    for (const { payload } of this.#told) this.#send(peer, payload)
  }

  /** Another node saw it. */
  heard(body: Uint8Array): void {
    this.#tell(conflictMessage.decode(body))
  }

  #send(peer: string, payload: Buffer): void {
    this.#deps.router.send(peer, 'control', payload)
  }

  #fresh(): Told[] {
    const nowMs = this.#deps.host.nowMs()
    return this.#told.slice(1 - rememberedMax).filter(({ untilMs }) => untilMs > nowMs)
  }

  /** @returns false when it is no news. */
  #tell({ path, record, version }: LostValue): boolean {
    const key = `${path} ${versionId(version)}`
    if (this.#seen.has(key)) return false
    this.#remember(key)
    this.#count += 1
    const loser = {
      path,
      value: record.value,
      version,
      origin: version.writer,
      verb: record.verb,
      txid: record.txid,
      outcome: 'lost' as const,
    }
    this.#deps.history.add(loser)
    const kept = this.#deps.winnerOf(path)
    const winner = kept && { value: kept.record.value, origin: kept.version.writer }
    this.#deps.news({ type: 'config-conflict', path, loser, winner })
    return true
  }

  #remember(key: string): void {
    this.#seen.add(key)
    if (this.#seen.size <= rememberedMax) return
    for (const oldest of this.#seen) {
      this.#seen.delete(oldest)
      return
    }
  }
}
