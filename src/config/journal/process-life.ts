/** Whether a process lives, and is still the one that was meant: numbers of processes are used again. */
import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import process from 'node:process'

/** Fields of `/proc/<pid>/stat` after the name: the state, and when it started. @source proc(5) */
const stateField = 0
const startField = 19

/**
 * A text that no other process with this number has; empty where the system does not tell. Undefined:
 * no such process runs.
 */
export async function lifeOf(pid: number): Promise<string | undefined> {
  if (!isRunning(pid)) return undefined
  if (process.platform !== 'linux') return ''
  try {
    const line = await readFile(`/proc/${String(pid)}/stat`, 'utf8')
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
    // Ended, and nobody has asked how.
    if (['Z', 'X'].includes(fields[stateField] ?? '')) return undefined
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    return `${boot.trim()}/${fields[startField] ?? ''}`
  } catch {
    // It has just ended; or this system does not let us see it.
    return isRunning(pid) ? '' : undefined
  }
}

/** Where the numbers of processes mean the same: one machine, and on it one container. */
export async function placeOfProcesses(): Promise<string> {
  const space =
    process.platform === 'linux' ? await readlink('/proc/self/ns/pid').catch(() => '') : ''
  return `${hostname()} ${space}`
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    // Not permitted: it runs, as another user.
    return (thrown as NodeJS.ErrnoException).code === 'EPERM'
  }
}
