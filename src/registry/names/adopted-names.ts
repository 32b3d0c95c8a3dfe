/** Names of this node that the supervisor decided about: children, under their ids. */
import type { OwnerLog } from '../../replication/index.ts'
import { namesSpace } from './registration.ts'
import { valueOf } from './record.ts'

/** What was decided. */
export interface Adoption {
  /** Of two children of one id the later epoch keeps the name. */
  readonly epoch: number
  /** Milliseconds since 1970. */
  readonly since: number
  readonly meta?: unknown
}

/** A name the supervisor gave this node. */
export interface AdoptedName {
  update(meta: unknown): void
  /** Gives it up, here at once. Idempotent. */
  remove(): void
}

/** What they talk to. */
export interface AdoptedNamesDeps {
  readonly ownerLog: Pick<OwnerLog, 'put' | 'delete' | 'fence'>
}

/** One a node. */
export class AdoptedNames {
  readonly #deps: AdoptedNamesDeps
  readonly #present = new Map<string, Adoption>()

  constructor(deps: AdoptedNamesDeps) {
    this.#deps = deps
  }

  /** See `Registry.adopt`. A second adoption of a name replaces the first. */
  adopt(name: string, adoption: Adoption): AdoptedName {
    const { ownerLog } = this.#deps
    const say = (said: Adoption): void => {
      ownerLog.put(namesSpace, name, valueOf({ kind: 'adopted', meta: undefined, ...said }))
      ownerLog.fence()
      this.#present.set(name, adoption)
    }
    say(adoption)
    const isPresent = (): boolean => this.#present.get(name) === adoption
    return {
      update: (meta) => {
        if (isPresent()) say({ ...adoption, meta })
      },
      remove: () => {
        if (!isPresent()) return
        this.#present.delete(name)
        ownerLog.delete(namesSpace, name)
      },
    }
  }
}
