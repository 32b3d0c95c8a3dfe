/** Messages between registries, gathered until the turn of the event loop ends. */
import type { Host } from '../../kernel/index.ts'
import type { Router } from '../../transport/index.ts'
import {
  claimsPerMessage,
  nameClaims,
  nameReleases,
  nameVerdicts,
  type WireClaim,
  type WireVerdict,
} from './messages.ts'

/** What waits for one node. */
interface Bundle {
  readonly claims: WireClaim[]
  readonly releases: WireClaim[]
  readonly verdicts: WireVerdict[]
}

/** One a node. */
export class Post {
  readonly #host: Pick<Host, 'defer'>
  readonly #router: Pick<Router, 'send'>
  readonly #bundles = new Map<string, Bundle>()
  #state: 'empty' | 'due' | 'stopped' = 'empty'

  constructor(host: Pick<Host, 'defer'>, router: Pick<Router, 'send'>) {
    this.#host = host
    this.#router = router
  }

  claim(node: string, kind: 'claims' | 'releases', claim: WireClaim): void {
    this.#bundle(node)?.[kind].push(claim)
  }

  verdict(node: string, verdict: WireVerdict): void {
    this.#bundle(node)?.verdicts.push(verdict)
  }

  stop(): void {
    this.#state = 'stopped'
    this.#bundles.clear()
  }

  #bundle(node: string): Bundle | undefined {
    if (this.#state === 'stopped') return undefined
    if (this.#state === 'empty') {
      this.#state = 'due'
      this.#host.defer(() => {
        this.#flush()
      })
    }
    const bundle = this.#bundles.get(node) ?? { claims: [], releases: [], verdicts: [] }
    this.#bundles.set(node, bundle)
    return bundle
  }

  /** What a full queue refuses is lost here; claims are asked again, grants not made use of void. */
  #flush(): void {
    if (this.#state === 'stopped') return
    this.#state = 'empty'
    const bundles = [...this.#bundles]
    this.#bundles.clear()
    for (const [node, { claims, releases, verdicts }] of bundles) {
      this.#send(node, claims, (some) => nameClaims.encode({ claims: some }))
      this.#send(node, releases, (some) => nameReleases.encode({ releases: some }))
      this.#send(node, verdicts, (some) => nameVerdicts.encode({ verdicts: some }))
    }
  }

  #send<T>(node: string, items: readonly T[], encode: (some: readonly T[]) => Buffer): void {
    for (let from = 0; from < items.length; from += claimsPerMessage) {
      this.#router.send(node, 'control', encode(items.slice(from, from + claimsPerMessage)))
    }
  }
}
