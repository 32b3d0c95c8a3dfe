/** Values of the registry as a whole, known to every node: a part of the versioned map. */
import type { MapSpace, Version } from '../replication/index.ts'
import { checkName } from './arguments.ts'

/** Values every node may write; the last writer wins. */
export interface RegistryMeta {
  get(key: string): unknown
  /**
   * @throws {FoundationError} `FND_OPTION_INVALID`, `FND_MESSAGE_INVALID`, `FND_MESSAGE_TOO_LARGE`,
   *   `FND_NOT_RUNNING`
   */
  put(key: string, value: unknown): Version
  /** @throws {FoundationError} `FND_OPTION_INVALID`, `FND_NOT_RUNNING` */
  delete(key: string): Version
}

/**
 * {@link RegistryMeta} over its space of the map.
 *
 * @param assertNotStopped throws when nobody would hear of a write any more.
 */
export function registryMeta(
  space: MapSpace,
  assertNotStopped: (what: string) => void,
): RegistryMeta {
  return {
    get: (key) => space.get(key)?.value,
    put: (key, value) => {
      checkName('meta key', key)
      assertNotStopped(`meta.put() of "${key}"`)
      return space.put(key, value)
    },
    delete: (key) => {
      checkName('meta key', key)
      assertNotStopped(`meta.delete() of "${key}"`)
      return space.delete(key)
    },
  }
}
