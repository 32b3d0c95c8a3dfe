/**
 * Makes the mesh full: when a link is up both sides tell each other whom else they have links to,
 * and a newcomer is made known to all, because one of them may be able to dial it when it cannot
 * dial them.
 */
import type { Router } from '../transport/index.ts'
import type { Introduction } from './members/introduction.ts'
import { introductionsMax, memberListMessage } from './messages.ts'

/** What an introducer talks to. */
export interface IntroducerDeps {
  readonly router: Router
  /** The live members with a link. */
  readonly linked: () => readonly Introduction[]
  /** A peer told of members it has links to. */
  readonly introduced: (members: readonly Introduction[]) => void
}

/** One a node. */
export class Introducer {
  readonly #deps: IntroducerDeps

  constructor(deps: IntroducerDeps) {
    this.#deps = deps
    deps.router.handle(memberListMessage.code, (body) => {
      deps.introduced(memberListMessage.decode(body).members)
    })
  }

  /**
   * Tells the peer of everybody. A list that finds no room is not sent again: others introduce the
   * same members.
   */
  tellAll(peer: string): void {
    const others = this.#deps.linked().filter((member) => member.name !== peer)
    for (let at = 0; at < others.length; at += introductionsMax) {
      this.#deps.router.send(peer, 'control', listOf(others.slice(at, at + introductionsMax)))
    }
  }

  /** Tells everybody of a newcomer. */
  presentToAll(newcomer: string): void {
    const linked = this.#deps.linked()
    const payload = listOf(linked.filter((member) => member.name === newcomer))
    for (const { name } of linked) {
      if (name !== newcomer) this.#deps.router.send(name, 'control', payload)
    }
  }
}

function listOf(members: readonly Introduction[]): Buffer {
  return memberListMessage.encode({
    members: members.map(({ name, incarnation, addresses }) => ({ name, incarnation, addresses })),
  })
}
