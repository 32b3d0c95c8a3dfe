/** Starting and stopping parts in order. */

/** A part that runs. Both calls are idempotent; `stop` never throws and leaves nothing running. */
export interface Lifecycle {
  start(): void | Promise<void>
  stop(): void | Promise<void>
}

/** Where a part is in its life. `stopped` is final. */
export type LifecycleState = 'idle' | 'running' | 'stopping' | 'stopped'

/** Starts each part after the one before; when one fails, stops those already started, in reverse. */
export async function startInOrder(parts: readonly Lifecycle[]): Promise<void> {
  const started: Lifecycle[] = []
  for (const part of parts) {
    started.push(part)
    try {
      await part.start()
    } catch (error) {
      await stopInReverse(started)
      throw error
    }
  }
}

/** Stops each part, last first. */
export async function stopInReverse(parts: readonly Lifecycle[]): Promise<void> {
  for (const part of parts.toReversed()) await part.stop()
}
