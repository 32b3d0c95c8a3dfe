/** Processes of this machine, as far as the system tells. */
import { readFileSync, readlinkSync } from 'node:fs'
import type { ProcessStamp, ProcessView } from './registry-entry.ts'

/** The real processes. */
export function systemProcessView(): ProcessView {
  return { namespace: processNamespace(), isAlive, startedAt }
}

/** The stamp of this very process. */
export function ownStamp(): ProcessStamp {
  const { pid } = process
  return { pid, startedAt: startedAt(pid), namespace: processNamespace() }
}

function isAlive(pid: number): boolean {
  if (pid <= 0) return false
  try {
    process.kill(pid, 0) // Signal 0 only asks.
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Clock ticks after boot on Linux: field 22 of `/proc/<pid>/stat`, the 20th behind the name. */
function startedAt(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return '' // No /proc here, or the process is gone: `isAlive` answers that.
  }
}

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return '' // No namespaces on this system.
  }
}
