/** What a registration took and how it ended, as telemetry. */
import { toError, type Host, type Telemetry } from '../kernel/index.ts'

/** Runs a registration and tells of it; what it throws goes on. */
export async function measured<T>(
  { host, telemetry }: { readonly host: Pick<Host, 'nowMs'>; readonly telemetry: Telemetry },
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  const startedMs = host.nowMs()
  let outcome = 'ok'
  try {
    return await work()
  } catch (thrown) {
    const { code } = toError(thrown) as Error & { code?: string }
    outcome = code ?? 'aborted'
    throw thrown
  } finally {
    const durationMs = host.nowMs() - startedMs
    telemetry.execute('registry.claim.done', { durationMs }, () => ({ name, outcome }))
  }
}
