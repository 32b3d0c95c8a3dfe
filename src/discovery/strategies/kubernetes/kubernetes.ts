/**
 * `kubernetes`: the pods behind a service (its EndpointSlices), or those with a label, as the API
 * server tells them. It takes the place of libcluster's Kubernetes strategy, with a watch instead
 * of a poll.
 */
import {
  FoundationError,
  integerCheck,
  optional,
  text,
  textCheck,
  type Check,
  type Rules,
} from '../../../kernel/index.ts'
import { isLoopback, parseAddress } from '../../port/address.ts'
import { peerAt } from '../../port/peer-at.ts'
import type {
  LookupResult,
  PeerHint,
  PollStrategy,
  StrategyContext,
  StrategyDefinition,
} from '../../port/port.ts'
import { ApiClient } from './api-client.ts'
import { ObjectCache } from './object-cache.ts'
import { endpointSlices, pods, type Endpoint, type Resource } from './resources.ts'
import { WatchedList } from './watched-list.ts'

/** Options of `kubernetes`. `service` or `labelSelector` is needed. */
export interface KubernetesOptions {
  /** Name of a (headless) Service: its EndpointSlices are read. Wins over `labelSelector`. */
  readonly service: string | undefined
  /** Pods with these labels, as `kubectl -l` takes them: `app=shop,tier=web`. */
  readonly labelSelector: string | undefined
  /** That of the service account when left out, else `default`. */
  readonly namespace: string | undefined
  /** Where the nodes listen. This node's own port when left out. */
  readonly port: number | undefined
  /** Name of the port (of the Service or the container) where the nodes listen, instead of `port`. */
  readonly portName: string | undefined
  /** `https://host:port`. When left out, what Kubernetes tells each pod. `http` for loopback only. */
  readonly apiServer: string | undefined
  /** Folder of `token`, `ca.crt` and `namespace`. */
  readonly serviceAccountFolder: string
}

const checkServer: Check = (value) => {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  const host = url?.hostname.replaceAll(/[[\]]/g, '') ?? ''
  const isGood = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(host))
  return isGood ? undefined : 'expected "https://host:port" (http only for loopback)'
}

/** The rules of {@link KubernetesOptions}. */
export const kubernetesRules: Rules<KubernetesOptions> = {
  service: optional(textCheck),
  labelSelector: optional(textCheck),
  namespace: optional(textCheck),
  port: optional(integerCheck({ min: 1, max: 65_535 })),
  portName: optional(textCheck),
  apiServer: optional(checkServer),
  serviceAccountFolder: text('/var/run/secrets/kubernetes.io/serviceaccount'),
}

/** The `kubernetes` strategy. */
export const kubernetesStrategy: StrategyDefinition<KubernetesOptions> = {
  name: 'kubernetes',
  aliases: ['k8s'],
  rules: kubernetesRules,
  findsHostsOnly: ({ portName }) => portName === undefined,
  create: (options) => new Kubernetes(options),
}

class Kubernetes implements PollStrategy {
  readonly kind = 'poll'
  readonly defaults = { pollIntervalMs: 5_000, lookupTimeoutMs: 10_000, prune: 'grace' } as const
  readonly #options: KubernetesOptions
  readonly #labelSelector: string
  readonly #cache: ObjectCache
  #list: WatchedList | undefined
  #told: ReadonlySet<string> = new Set()

  constructor(options: KubernetesOptions) {
    this.#options = options
    this.#labelSelector = selectorOf(options)
    this.#cache = new ObjectCache(this.#resource(), options.portName)
  }

  async lookup(context: StrategyContext, signal: AbortSignal): Promise<LookupResult> {
    this.#list ??= this.#listFor(context)
    await this.#list.sync(signal)
    const peers = this.#peers(context)
    this.#told = new Set(peers.map(nameOf))
    return { peers, complete: true }
  }

  figures(): Readonly<Record<string, unknown>> {
    return { ...this.#list?.figures(), pods: this.#cache.endpoints().length }
  }

  #listFor(context: StrategyContext): WatchedList {
    return new WatchedList({
      context,
      client: new ApiClient(this.#options, context.ports),
      cache: this.#cache,
      resource: this.#resource(),
      labelSelector: this.#labelSelector,
      changed: () => {
        this.#tellNewcomers(context)
      },
    })
  }

  /** Newcomers at once; who is gone shows in the next lookup. */
  #tellNewcomers(context: StrategyContext): void {
    const peers = this.#peers(context)
    const newcomers = peers.filter((peer) => !this.#told.has(nameOf(peer)))
    for (const peer of newcomers) context.emit({ type: 'seen', peer })
    this.#told = new Set(peers.map(nameOf))
  }

  #resource(): Resource {
    return this.#options.service === undefined ? pods : endpointSlices
  }

  #peers(context: StrategyContext): PeerHint[] {
    const [own] = context.self.addresses
    const ownPort = own === undefined ? undefined : parseAddress(own)?.port
    return this.#cache.endpoints().flatMap((endpoint) => this.#hintOf(endpoint, ownPort) ?? [])
  }

  /** A pod that took over the address of another is dialled afresh. */
  #hintOf({ id, hosts, port }: Endpoint, ownPort: number | undefined): PeerHint | undefined {
    const hint = peerAt(hosts, this.#options.port ?? port ?? ownPort)
    return hint && { ...hint, meta: { incarnation: id } }
  }
}

function nameOf({ host, meta }: PeerHint): string {
  return `${host} ${meta?.incarnation ?? ''}`
}

function selectorOf({ service, labelSelector }: KubernetesOptions): string {
  if (service !== undefined) return `kubernetes.io/service-name=${service}`
  if (labelSelector !== undefined) return labelSelector
  const message =
    'The kubernetes strategy needs "labelSelector" or "service" to know the pods of this cluster'
  throw new FoundationError('FND_OPTION_INVALID', message)
}
