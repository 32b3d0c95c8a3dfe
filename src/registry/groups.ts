/**
 * Groups: names any number of services may have at the same time, on any nodes. Members come and go
 * with their owner's log; nobody has to decide about them.
 * @source process groups: the pg module of Erlang.
 */
import { FoundationError, toError } from '../kernel/index.ts'
import type { LogChange, OwnerLog } from '../replication/index.ts'
import { checkMeta } from './names/meta.ts'
import type { ServicePort } from './names/owned-names.ts'
import type { Locator, Whereabouts } from './service/call-lane.ts'
import type { Remote } from './service/remote.ts'
import type { ServiceCalls } from './service/service-calls.ts'

/** A member of a group. */
export interface GroupMember {
  readonly group: string
  readonly node: string
  /** Unique among the members of its node. */
  readonly id: string
  readonly meta: unknown
}

/** This node's own part in a group. */
export interface GroupMembership {
  readonly group: string
  readonly id: string
  readonly meta: unknown
  /**
   * Replaces the metadata, here at once.
   *
   * @throws {FoundationError} `FND_NAME_LOST` after `leave()`; `FND_MESSAGE_INVALID` and
   *   `FND_MESSAGE_TOO_LARGE`: the metadata stay as they were.
   */
  update(meta: unknown): void
  /** Leaves the group, here at once. Idempotent. Resolves when every linked peer knows, or after a while. */
  leave(): Promise<void>
  /** As `leave()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/** What became of `dispatch` at one member. */
export type DispatchOutcome<R> =
  | { readonly member: GroupMember; readonly value: R }
  | { readonly member: GroupMember; readonly error: Error }

/** What groups talk to. */
export interface GroupsDeps {
  readonly ownerLog: Pick<OwnerLog, 'put' | 'delete' | 'fence' | 'watch' | 'acknowledged'>
  readonly services: ServicePort
  readonly calls: Pick<ServiceCalls, 'remote'>
  readonly self: { readonly name: string }
}

const space = 'groups'
const leaveTimeoutMs = 5_000

/** One a node. */
export class Groups implements Locator {
  readonly #deps: GroupsDeps
  readonly #metaMaxBytes: number
  /** By group, then by node and id. */
  readonly #groups = new Map<string, Map<string, GroupMember>>()
  /** Services of this node. */
  readonly #served = new Set<string>()
  #unwatch: () => void = () => undefined
  #lastId = 0

  constructor(deps: GroupsDeps, { metaMaxBytes }: { readonly metaMaxBytes: number }) {
    this.#deps = deps
    this.#metaMaxBytes = metaMaxBytes
  }

  start(): void {
    this.#unwatch()
    this.#unwatch = this.#deps.ownerLog.watch(space, (change) => {
      this.#learn(change)
    })
  }

  stop(): void {
    this.#unwatch()
    for (const slot of this.#served) this.#deps.services.remove(slot)
    this.#served.clear()
  }

  /** Groups that have a member. */
  get size(): number {
    return this.#groups.size
  }

  /** @throws {FoundationError} `FND_MESSAGE_INVALID`, `FND_MESSAGE_TOO_LARGE`: nobody has joined then. */
  join(group: string, service: object | undefined, meta: unknown): GroupMembership {
    checkMeta(meta, this.#metaMaxBytes)
    this.#lastId += 1
    const id = this.#lastId.toString(36)
    const key = keyOf(group, id)
    const slot = slotOf(group, this.#deps.self.name, id)
    if (service) {
      this.#deps.services.serve(slot, service)
      this.#served.add(slot)
    }
    this.#say(key, meta)
    let present = meta
    let state: 'in' | 'left' = 'in'
    const leave = (): Promise<void> => {
      state = 'left'
      return this.#leave(key, slot)
    }
    return {
      ...{ group, id, leave, [Symbol.asyncDispose]: leave },
      get meta() {
        return present
      },
      update: (next) => {
        if (state === 'left') throw membershipOver(group)
        checkMeta(next, this.#metaMaxBytes)
        this.#say(key, next)
        present = next
      },
    }
  }

  /** This node's members first, then the others' in the order they came. */
  members(group: string): GroupMember[] {
    const members = [...(this.#groups.get(group)?.values() ?? [])]
    const isOwn = ({ node }: GroupMember): boolean => node === this.#deps.self.name
    return [...members.filter(isOwn), ...members.filter((member) => !isOwn(member))]
  }

  /** Calls `work` once for each member, all at the same time. One member's failure is not the others'. */
  dispatch<T, R>(
    group: string,
    work: (service: Remote<T>, member: GroupMember) => R | Promise<R>,
  ): Promise<DispatchOutcome<R>[]> {
    const outcomes = this.members(group).map(async (member): Promise<DispatchOutcome<R>> => {
      try {
        return { member, value: await work(this.remote<T>(member), member) }
      } catch (thrown) {
        return { member, error: toError(thrown) }
      }
    })
    return Promise.all(outcomes)
  }

  /** The service of one member. */
  remote<T>({ group, node, id }: GroupMember): Remote<T> {
    return this.#deps.calls.remote<T>(slotOf(group, node, id), this)
  }

  /** See {@link Locator}: a member stays where it is. */
  locate(slot: string): Whereabouts {
    const [, group = '', node = '', id = ''] = slot.split(separator)
    return this.#groups.get(group)?.has(memberKey(node, id)) ? { node } : undefined
  }

  onMoved(): () => void {
    return () => undefined
  }

  #say(key: string, meta: unknown): void {
    this.#deps.ownerLog.put(space, key, meta === undefined ? [] : [meta])
    this.#deps.ownerLog.fence()
  }

  async #leave(key: string, slot: string): Promise<void> {
    const { ownerLog, services } = this.#deps
    if (this.#served.delete(slot)) services.remove(slot)
    const sequence = ownerLog.delete(space, key)
    await ownerLog.acknowledged(sequence, { timeoutMs: leaveTimeoutMs }).catch(toError)
  }

  #learn({ owner: node, key, type, value }: LogChange): void {
    const [group, id] = key.split(separator)
    if (group === undefined || id === undefined) return
    const members = this.#groups.get(group) ?? new Map<string, GroupMember>()
    if (type === 'put') {
      const meta: unknown = Array.isArray(value) ? value[0] : undefined
      members.set(memberKey(node, id), { group, node, id, meta })
      this.#groups.set(group, members)
    } else {
      members.delete(memberKey(node, id))
      if (members.size === 0) this.#groups.delete(group)
    }
  }
}

function membershipOver(group: string): FoundationError {
  const message = `Membership of group "${group}" was given up; join it again if you need it`
  return new FoundationError('FND_NAME_LOST', message, { details: { name: group } })
}

/** No name a user may give has it. */
const separator = '\u0001'

function keyOf(group: string, id: string): string {
  return `${group}${separator}${id}`
}

function memberKey(node: string, id: string): string {
  return `${id}${separator}${node}`
}

/** Under which the service of a member is called. */
function slotOf(group: string, node: string, id: string): string {
  return `${separator}${group}${separator}${node}${separator}${id}`
}
