/**
 * What caused the work at hand: carried from where it began through calls, messages and events to
 * handlers on other nodes. Costs one look-up where there is none.
 * @source W3C Trace Context (https://www.w3.org/TR/trace-context/) for `traceparent`.
 */
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'

/** What belongs together. Both are passed on as they are: Foundation makes no spans. */
export interface TraceContext {
  /** Any text that all work for one cause shares, e.g. the id of a request. At most 255 bytes. */
  readonly correlationId?: string | undefined
  /** `00-<trace id>-<parent id>-<flags>`. */
  readonly traceparent?: string | undefined
}

const storage = new AsyncLocalStorage<TraceContext | undefined>()

/** Gives the trace of the running work as another library keeps it. */
export type TraceSource = () => TraceContext | undefined

let source: TraceSource | undefined

/** The trace of the work that runs now, or nothing: what a {@link TraceSource} says, else what was carried here. */
export function currentTrace(): TraceContext | undefined {
  const carried = storage.getStore()
  const given = source?.()
  return given ? { ...carried, ...given } : carried
}

/** The trace that a call or message from elsewhere brought along, whatever another library says. */
export function carriedTrace(): TraceContext | undefined {
  return storage.getStore()
}

/**
 * Makes a library that traces the application, such as OpenTelemetry, the source of what calls and
 * messages carry. One a process: the last one given.
 *
 * @returns takes it back.
 */
export function provideTraces(given: TraceSource): () => void {
  source = given
  return () => {
    if (source === given) source = undefined
  }
}

/** Runs work as a part of a trace, or of none. What it starts, also later, belongs to it too. */
export function runInTrace<T>(trace: TraceContext | undefined, work: () => T): T {
  // Entering a context has a price, and nearly always there is nothing to enter or to leave.
  return trace === storage.getStore() ? work() : storage.run(trace, work)
}

/** Runs work as if it was begun where this was made: see {@link keepContext}. */
export type KeptContext = <T>(work: () => T) => T

/** Keeps the trace of the running work, and what other libraries carry along, for work that a later message begins. */
export function keepContext(): KeptContext {
  // `AsyncLocalStorage.snapshot()` does the same at ten times the garbage.
  const resource = new AsyncResource('foundation.kept', { requireManualDestroy: true })
  return (work) => resource.runInAsyncScope(work)
}
