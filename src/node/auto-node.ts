/**
 * The node that `node --import foundation-ts/auto` starts. It is kept on the process, not in this
 * module: an app may hold another copy of the package than the command that started it.
 */
import { isMainThread } from 'node:worker_threads'
import { FoundationError } from '../kernel/index.ts'
import type { FoundationNode } from './foundation-node.ts'
import { resolveOptions } from './resolve-options.ts'
import { startNode } from './start-node.ts'

const slot: unique symbol = Symbol.for('foundation-ts.auto-node')
const holder = globalThis as { [slot]?: Promise<FoundationNode> | undefined }

/**
 * Starts this process' node from settings alone, once; SIGTERM and SIGINT leave in order unless the
 * settings say otherwise. Does nothing in a worker thread, where `--import` runs again.
 *
 * @throws {FoundationError} what `startNode` throws
 */
export async function startAutoNode(): Promise<void> {
  if (!isMainThread) return
  holder[slot] ??= startFromSettings()
  await holder[slot]
}

/** Nobody but a signal tells this node to leave: it heeds them unless its settings say otherwise. */
async function startFromSettings(): Promise<FoundationNode> {
  const { options } = await resolveOptions()
  return startNode(options['signals']?.origin === 'default' ? { signals: true } : {})
}

/**
 * The node that `node --import foundation-ts/auto app.js` (or `foundation run app.js`) started.
 *
 * @throws {FoundationError} `FND_NOT_RUNNING` when the process was started without it.
 * @example
 *   const node = await getNode()
 */
export function getNode(): Promise<FoundationNode> {
  const message =
    'This process has no node of its own: start it with `node --import foundation-ts/auto` or ' +
    '`foundation run`, or call startNode()'
  return holder[slot] ?? Promise.reject(new FoundationError('FND_NOT_RUNNING', message))
}
