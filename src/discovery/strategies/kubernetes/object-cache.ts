/**
 * The objects a list gave and a watch keeps current, and the version from which a watch goes on.
 * A state machine without time: whoever reads the stream feeds it.
 */
import { versionOf, type Endpoint, type Resource } from './resources.ts'

/**
 * What one line of a watch came to: `changed` may have brought a peer, `stale` means that the
 * server has forgotten our version (or the stream makes no sense) and a new list is needed.
 */
export type WatchStep = 'changed' | 'same' | 'stale'

/** The objects of one list. */
export class ObjectCache {
  readonly #resource: Resource
  readonly #portName: string | undefined
  readonly #objects = new Map<string, readonly Endpoint[]>()
  #version: string | undefined
  #skipped = 0

  constructor(resource: Resource, portName: string | undefined) {
    this.#resource = resource
    this.#portName = portName
  }

  /** Where a watch goes on; undefined when a list has to come first. */
  get version(): string | undefined {
    return this.#version
  }

  /** Objects held. */
  get size(): number {
    return this.#objects.size
  }

  /** Objects that had no name, since the beginning. */
  get skipped(): number {
    return this.#skipped
  }

  /** The next look begins with a list. What is held stays until then. */
  expire(): void {
    this.#version = undefined
  }

  /**
   * Takes a whole list.
   *
   * @param text the JSON of a `PodList` or `EndpointSliceList`.
   * @throws {TypeError} when it is not a list.
   */
  replace(text: string): void {
    const { items, metadata } = JSON.parse(text) as ListDocument
    if (!Array.isArray(items)) throw new TypeError('The Kubernetes API gave no list')
    this.#objects.clear()
    for (const item of items as unknown[]) this.#put(item)
    this.#version = metadata?.resourceVersion
  }

  /** Takes one line of a watch: `{"type": "ADDED", "object": {...}}`. Never throws. */
  apply(line: string): WatchStep {
    const { type, object } = parseQuietly(line)
    switch (type) {
      case 'ADDED':
      case 'MODIFIED':
        this.#put(object)
        break
      case 'DELETED':
        this.#objects.delete(this.#resource.read(object, undefined)?.key ?? '')
        break
      case 'BOOKMARK':
        break
      default: // ERROR comes with 410 when the version is too old; nonsense ends the same way.
        this.expire()
        return 'stale'
    }
    this.#version = versionOf(object) ?? this.#version
    return type === 'ADDED' || type === 'MODIFIED' ? 'changed' : 'same'
  }

  /** One entry a pod, its addresses of all slices together. */
  endpoints(): Endpoint[] {
    const merged = new Map<string, Endpoint>()
    for (const endpoint of [...this.#objects.values()].flat()) {
      const known = merged.get(endpoint.id)
      if (!known) merged.set(endpoint.id, endpoint)
      else merged.set(endpoint.id, joined(known, endpoint))
    }
    return [...merged.values()]
  }

  #put(item: unknown): void {
    const object = this.#resource.read(item, this.#portName)
    if (object) this.#objects.set(object.key, object.endpoints)
    else this.#skipped += 1
  }
}

interface ListDocument {
  readonly items?: unknown
  readonly metadata?: { readonly resourceVersion?: string }
}

interface WatchDocument {
  readonly type?: unknown
  readonly object?: unknown
}

function parseQuietly(line: string): WatchDocument {
  try {
    return (JSON.parse(line) ?? {}) as WatchDocument
  } catch {
    return {}
  }
}

function joined(a: Endpoint, b: Endpoint): Endpoint {
  return { id: a.id, hosts: [...new Set([...a.hosts, ...b.hosts])], port: a.port ?? b.port }
}
