/** What config says to telemetry of itself: settings, commits of this node, and how it came by them. */
import { isFoundationError, type Host, type SpanNote, type Telemetry } from '../kernel/index.ts'
import type { MapSpace, Version } from '../replication/index.ts'
import type { ConfigNews } from './news.ts'
import { versionId } from './record/record.ts'

/** What it talks to. */
export interface ConfigTelemetryDeps {
  readonly host: Host
  readonly telemetry: Telemetry
}

/** Adds to the span of a commit what has become known of it. */
export type CommitNote = SpanNote<'config.commit'>

/** Paths that are told of a commit that changes many. */
const shownPathsMax = 8

/** The first few paths of many. */
export function shownPaths(paths: Iterable<string>): string[] {
  return [...paths].slice(0, shownPathsMax)
}

/** One a node. */
export class ConfigTelemetry {
  readonly #host: Host
  readonly #telemetry: Telemetry
  #isSyncing = false

  constructor({ host, telemetry }: ConfigTelemetryDeps) {
    this.#host = host
    this.#telemetry = telemetry
  }

  /** A `set` of this node. */
  set(path: string, work: () => Promise<Version>): Promise<Version> {
    return this.#measured(work, ({ durationMs, outcome, value }) => {
      this.#telemetry.execute('config.set.done', { durationMs }, () => ({
        ...{ path, outcome },
        ...(value && { version: versionId(value) }),
      }))
    })
  }

  /** A `commit` of this node: a span, and how it ended. */
  commit<T>(paths: Iterable<string>, work: (note: CommitNote) => Promise<T>): Promise<T> {
    const telemetry = this.#telemetry
    const facts = (): { paths: string[] } => ({ paths: shownPaths(paths) })
    return telemetry.span('config.commit', facts, (note) =>
      this.#measured(
        () => work(note),
        ({ durationMs, outcome }) => {
          note(() => ({ outcome }))
          telemetry.execute('config.commit.done', { durationMs }, () => ({ ...facts(), outcome }))
        },
      ),
    )
  }

  /** News is told to programs, too. */
  tell(news: ConfigNews): void {
    const telemetry = this.#telemetry
    if (news.type === 'config-changed') {
      const { path, origin, verb, version, txid } = news
      telemetry.execute('config.setting.changed', { count: 1 }, () => ({
        ...{ path, origin, verb, txid, version: versionId(version) },
      }))
    } else if (news.type === 'config-conflict') {
      const { path, loser, winner } = news
      telemetry.execute('config.conflict.found', { count: 1 }, () => ({
        ...{ path, loser: loser.origin, winner: winner?.origin },
      }))
    } else if (news.type === 'config-in-doubt') {
      const { txid, coordinator } = news
      telemetry.execute('config.doubt.begun', { count: 1 }, () => ({ txid, coordinator }))
    }
  }

  /** There is a link: a node that held nobody's settings is measured until it does. Never rejects. */
  async linkUp(space: Pick<MapSpace, 'isSynced' | 'synced'>, size: () => number): Promise<void> {
    if (this.#isSyncing || space.isSynced) return
    this.#isSyncing = true
    const startedMs = this.#host.nowMs()
    try {
      await space.synced()
      const durationMs = this.#host.nowMs() - startedMs
      this.#telemetry.execute('config.sync.done', { durationMs, settings: size() })
    } catch {
      // The node was stopped before it came to that.
    } finally {
      this.#isSyncing = false
    }
  }

  async #measured<T>(work: () => Promise<T>, tell: (end: End<T>) => void): Promise<T> {
    const startedMs = this.#host.nowMs()
    let end: Omit<End<T>, 'durationMs'> = { outcome: 'aborted', value: undefined }
    try {
      const value = await work()
      end = { outcome: 'ok', value }
      return value
    } catch (thrown) {
      if (isFoundationError(thrown)) end = { outcome: thrown.code, value: undefined }
      throw thrown
    } finally {
      tell({ ...end, durationMs: this.#host.nowMs() - startedMs })
    }
  }
}

/** How measured work ended. */
interface End<T> {
  readonly durationMs: number
  /** `ok`, the code of the error, or `aborted`. */
  readonly outcome: string
  readonly value: T | undefined
}
