/**
 * What is heard from the broker, to whom it belongs: pulses, handshakes, payloads of peers with a
 * link. Installs links and takes them away.
 */
import { isFoundationError, RepeatGate, toError, type Host, type Log } from '../../kernel/index.ts'
import type { News } from '../port/news.ts'
import type { ChannelClass, LinkDownReason, NodeIdentity, TransportHandlers } from '../port/port.ts'
import type { LinkFailure, RefusalReports } from '../port/refusal-reports.ts'
import type { StreamBook } from '../port/sequence.ts'
import type { Accounts } from './accounts.ts'
import type { ClientMessage } from './client.ts'
import { directKinds, type DirectKind } from './direct.ts'
import { natsKinds, type Frame } from './frames.ts'
import type { Agreed, Greeter } from './greeter.ts'
import type { Early } from './guests.ts'
import { HeardBook } from './heard-book.ts'
import { words } from './handshake.ts'
import { NatsLink, unexpected } from './link.ts'
import type { Namesakes } from './namesakes.ts'
import type { Subjects } from './subjects.ts'
import type { Uplink } from './uplink.ts'
import type { Voice } from './voice.ts'

/** What a switchboard talks to. */
export interface SwitchboardDeps {
  readonly host: Host
  readonly log: Log
  readonly self: NodeIdentity
  readonly handlers: TransportHandlers
  readonly news: News
  readonly subjects: Subjects
  readonly voice: Voice
  readonly namesakes: Namesakes
  readonly book: StreamBook
  readonly reports: RefusalReports
  readonly greeter: () => Greeter
  readonly accounts: () => Accounts
  readonly uplinks: ReadonlyMap<ChannelClass, Uplink>
  readonly streamsMax: number
}

const foundQuietMs = 1_000
/** Peers without a link of which what was heard is remembered, and those with one. */
const heardPeersMax = 4_096

/** One a running transport. */
export class Switchboard {
  readonly #deps: SwitchboardDeps
  readonly #links = new Map<string, NatsLink>()
  readonly #bySender = new Map<string, NatsLink>()
  /** Index in `directKinds` by subject. */
  readonly #direct: ReadonlyMap<string, number>
  readonly #heard: HeardBook
  readonly #found = new RepeatGate({ quietMs: foundQuietMs, keysMax: 4_096 })

  constructor(deps: SwitchboardDeps) {
    this.#deps = deps
    const { self, voice, subjects } = deps
    this.#heard = new HeardBook(heardPeersMax, deps.streamsMax)
    this.#direct = new Map(
      directKinds.map((kind, at) => [subjects.direct(self.name, voice.sender, kind), at]),
    )
  }

  get links(): ReadonlyMap<string, NatsLink> {
    return this.#links
  }

  /** Subjects on which this life of this node is spoken to, and the class of each. */
  get directSubjects(): readonly (readonly [string, ChannelClass])[] {
    return [...this.#direct.keys()].map((subject, at) => [
      subject,
      (directKinds[at] as DirectKind).channelClass,
    ])
  }

  /** This node listens to it no more. */
  unlistened(pattern: string): void {
    this.#heard.unsettle(pattern)
  }

  /** Takes one message of the broker. Never throws, whatever the bytes. */
  receive(message: ClientMessage, channelClass: ChannelClass): void {
    const { subjects, self, voice } = this.#deps
    const { subject } = message
    if (subject === subjects.hello(self.name)) {
      void this.#deps.greeter().answer(message)
      return
    }
    try {
      const frame = voice.read(message.data, subject)
      if (frame.sender === voice.sender) return
      if (subject === subjects.pulse) this.#hearPulse(frame)
      else this.#hear({ channelClass, frame, source: this.#direct.get(subject) ?? subject })
    } catch (thrown) {
      this.#unreadable(thrown)
    }
  }

  /** Both sides agreed on a link. */
  install({ info, sender, nextSequence, early }: Agreed): void {
    const { host, book, news, handlers, subjects } = this.#deps
    const former = this.#links.get(info.peer.name)
    if (former) this.drop(former, 'lost')
    const link = new NatsLink(info, {
      host,
      streams: book.of(info.peer),
      sender,
      heard: this.#heard.of(info.peer.name, sender),
      subjects,
      news: {
        frame: (inbound) => {
          news.tell(() => {
            handlers.frame(inbound)
          })
        },
        gap: (...lost) => {
          news.tell(() => {
            handlers.gap(...lost)
          })
        },
      },
    })
    this.#links.set(info.peer.name, link)
    this.#bySender.set(sender, link)
    news.tell(() => {
      handlers.linkUp(info)
    })
    for (const at of directKinds.keys()) link.resume(at, nextSequence[at] ?? 1)
    this.#deps.greeter().linked(info.peer)
    this.#deps.accounts().linked(link)
    for (const heard of early) this.#hear(heard)
  }

  drop(link: NatsLink, reason: LinkDownReason): void {
    if (this.#links.get(link.name) !== link) return
    this.#links.delete(link.name)
    this.#bySender.delete(link.sender)
    this.#deps.news.tell(() => {
      this.#deps.handlers.linkDown(link.info, reason)
    })
  }

  /** Takes away the links whose peers were not heard for longer. */
  dropSilent(silentAfterMs: number): void {
    for (const link of [...this.#links.values()]) {
      if (link.silentMs > silentAfterMs) this.drop(link, 'silent')
    }
  }

  /** Somebody was turned away, or turned us away. */
  refused(failure: LinkFailure): void {
    this.#deps.reports.add(failure)
  }

  /** Tells one life of a node something on the control class. */
  tell(peer: { readonly name: string; readonly sender: string }, message: Buffer): void {
    const kind = { channelClass: 'control', isPublished: false } as const
    const subject = this.#deps.subjects.direct(peer.name, peer.sender, kind)
    this.#deps.uplinks.get('control')?.say(subject, message)
  }

  /** A connection to the broker was lost, or is there again. */
  changed(uplink: Uplink): void {
    const { handlers, news } = this.#deps
    const { channelClass } = uplink
    const isBack = uplink.state === 'up'
    for (const link of this.#links.values()) {
      news.tell(() => {
        if (isBack) handlers.classRestored(link.name, channelClass)
        else handlers.classDegraded(link.name, channelClass)
      })
    }
    if (isBack) this.#deps.accounts().back(channelClass)
  }

  #hearPulse(frame: Frame): void {
    const link = this.#bySender.get(frame.sender)
    if (frame.kind === natsKinds.bye) {
      this.#heard.forget(frame.sender)
      this.#deps.namesakes.left(frame.sender)
      if (link) this.drop(link, 'goodbye')
      return
    }
    const { name, rttMs } = words.pulse.decode(frame.body)
    if (link) {
      link.alive(rttMs)
      return
    }
    this.#hearUnknown(name, frame.sender)
  }

  /** A node without a link lives; one with this node's own name is dialled too, to learn who may have it. */
  #hearUnknown(name: string, sender: string): void {
    const { self, host, handlers, subjects, news, namesakes } = this.#deps
    const isNamesake = name === self.name
    if (isNamesake) namesakes.heard(sender)
    if (!this.#found.opens(sender, host.nowMs())) return
    news.tell(() => {
      handlers.found?.(isNamesake ? subjects.addressOfLife(name, sender) : subjects.addressOf(name))
    })
  }

  #hear(heard: Early): void {
    const link = this.#bySender.get(heard.frame.sender)
    if (link) this.#hearLinked(link, heard)
    else this.#hearUnlinked(heard)
  }

  #hearUnlinked(heard: Early): void {
    const { frame } = heard
    const greeter = this.#deps.greeter()
    if (frame.kind === natsKinds.confirm) greeter.confirm(frame)
    else if (frame.kind === natsKinds.goodbye) greeter.cancelled(frame.sender)
    else greeter.keep(frame.sender, heard)
  }

  #hearLinked(link: NatsLink, { channelClass, frame, source }: Early): void {
    try {
      switch (frame.kind) {
        case natsKinds.data:
        case natsKinds.part:
          link.receive(channelClass, frame, source)
          return
        case natsKinds.goodbye:
          this.drop(link, 'goodbye')
          return
        case natsKinds.ask:
          this.#deps.accounts().asked(link, channelClass, frame)
          return
        case natsKinds.marks:
          this.#deps.accounts().told(link, channelClass, frame)
          return
        default:
          throw unexpected(frame.kind)
      }
    } catch (thrown) {
      this.#deps.log.warn({ peer: link.name, error: toError(thrown) }, 'bad bytes from a peer')
      this.tell(link, this.#deps.voice.bare(natsKinds.goodbye))
      this.drop(link, 'invalid-frame')
    }
  }

  #unreadable(thrown: unknown): void {
    const error = toError(thrown)
    const reason = isFoundationError(error) ? error.details?.['reason'] : undefined
    this.#deps.reports.add({
      address: 'a node on the broker',
      reason: typeof reason === 'string' ? reason : 'broken',
      message: error.message,
    })
  }
}
