/**
 * `Remote<T>`: a service somewhere in the cluster, called as if it were here. It holds a name, not a
 * place: each call goes to where the name is at that moment.
 */
import { isExported, type lifecycleMethods } from './callable.ts'

type Lifecycle = (typeof lifecycleMethods)[number]
type Hidden = Lifecycle | 'then' | 'toJSON' | keyof typeof Object.prototype | `_${string}`

type CallableKeys<T> = {
  [K in keyof T]: K extends Hidden | symbol
    ? never
    : T[K] extends (...args: never) => unknown
      ? K
      : never
}[keyof T]

/** The public methods of `T`, each of which gives a promise; everything else of `T` is not there. */
export type Remote<T> = {
  readonly [K in CallableKeys<T>]: T[K] extends (...args: infer A) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never
}

/** Sends one call. */
export type SendCall = (method: string, args: readonly unknown[]) => Promise<unknown>

/** What `inspect` shows of a remote. */
class RemoteService {
  readonly service: string

  constructor(service: string) {
    this.service = service
  }
}

/**
 * A proxy whose methods send calls. It is no promise (`await remote` gives the remote itself), and
 * `inspect` and JSON show the name.
 */
export function remoteOf<T>(name: string, send: SendCall): Remote<T> {
  const methods = new Map<string, (...args: unknown[]) => Promise<unknown>>()
  const toJSON = (): unknown => ({ service: name })
  const methodOf = (method: string): ((...args: unknown[]) => Promise<unknown>) => {
    const known = methods.get(method)
    if (known) return known
    const made = (...args: unknown[]): Promise<unknown> => send(method, args)
    methods.set(method, made)
    return made
  }
  return new Proxy(new RemoteService(name), {
    get: (target, key): unknown => {
      if (key === 'toJSON') return toJSON
      if (typeof key === 'string' && isExported(key)) return methodOf(key)
      return key === 'then' ? undefined : Reflect.get(target, key)
    },
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
  }) as unknown as Remote<T>
}
