/** What the tests of the `kubernetes` strategy share. No tests here. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { PretendedNode } from '../../discovery-kit.test.ts'
import type { TopologyStatus } from '../../topology-status.ts'
import type { ApiServer } from './api-server.test.ts'

const quick = { pollIntervalMs: 20 }

/** A node that polls quickly, and stops with the test. */
export function nodeOf(
  t: TestContext,
  api: ApiServer,
  config: Record<string, unknown>,
): PretendedNode {
  const all = { ...api.config, ...quick, ...config }
  const node = new PretendedNode({ lan: { strategy: 'kubernetes', config: all } })
  t.after(() => node.discovery.stop())
  node.discovery.start()
  return node
}

export const statusOf = (node: PretendedNode): TopologyStatus => {
  const [status] = node.discovery.status()
  assert.ok(status)
  return status
}
export const figuresOf = (node: PretendedNode): Readonly<Record<string, unknown>> =>
  statusOf(node).figures
export const lastError = (node: PretendedNode): string => statusOf(node).lastError?.message ?? ''
export const isWatching = (node: PretendedNode): boolean => figuresOf(node).isWatching === true
export const listed = (node: PretendedNode): string[] =>
  statusOf(node)
    .peers.filter(({ missedLookups }) => missedLookups === 0)
    .map(({ id }) => id)
    .sort()
