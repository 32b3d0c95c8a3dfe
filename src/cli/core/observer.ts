/**
 * A node for looking: it joins for a moment with the role `observer`, found by the settings of this
 * folder, listens on a port of its own and keeps nothing.
 */
import { hostname } from 'node:os'
import process from 'node:process'
import {
  FoundationError,
  isPackageInstalled,
  silentLog,
  sleep,
  systemHost,
} from '../../kernel/index.ts'
import { observerRole } from '../../membership/index.ts'
import {
  startNodeIn,
  statusHandler,
  type FoundationNode,
  type NodeStatus,
} from '../../node/index.ts'
import { readSources, translateModes, type StartOptions } from '../../setup/index.ts'
import type { CommandContext } from './command.ts'

/** What the user may say about whom to look at. */
export interface LookAt {
  /** Instead of the app of this folder's settings. */
  readonly app?: string | undefined
  /** A name of its own; with certificates the one they are made for. */
  readonly name?: string | undefined
  /** "host:port" of a node to connect to by hand. */
  readonly connect?: string | undefined
}

/** Options of commands that look, for `parseCommand`. */
export const lookOptions = {
  app: { type: 'string' },
  name: { type: 'string' },
  connect: { type: 'string' },
  timeout: { type: 'string', default: '5000' },
} as const

/** What other nodes said of themselves; the error where one did not. */
export type Answer =
  | { readonly node: string; readonly status: NodeStatus }
  | { readonly node: string; readonly error: Error }

/** `topologies` stand for `cluster`; nobody dials an observer at the app's address; it serves nothing. */
const notForObservers = ['cluster', 'advertise', 'services']

/**
 * Starts the observer. Settings that leave a node alone are taken for `cluster: true`: who looks for
 * a cluster does not want to be alone.
 *
 * @throws {FoundationError} what `startNode` throws
 */
export async function startObserver(
  { env, workingFolder }: Pick<CommandContext, 'env' | 'workingFolder'>,
  { app, name }: LookAt,
): Promise<FoundationNode> {
  const given = app === undefined ? {} : { app }
  const { options } = await readSources(given, { env, workingFolder })
  const facts = { env, hasPackage: isPackageInstalled }
  const found = translateModes(options, facts)
  const { topologies } =
    found.mode === 'alone' ? translateModes({ ...options, cluster: true }, facts) : found
  const kept = Object.entries(options).filter(([option]) => !notForObservers.includes(option))
  return startNodeIn(
    // The settings have been read: only the secret is still looked for in the environment.
    { host: systemHost, env: secretOnly(env), workingFolder: undefined },
    {
      ...(Object.fromEntries(kept) as StartOptions),
      name: name ?? `observer-${String(process.pid)}@${hostname()}`,
      roles: [observerRole],
      topologies,
      listen: { ...options.listen, port: 0 },
      log: silentLog,
      signals: false,
    },
  )
}

function secretOnly(env: CommandContext['env']): CommandContext['env'] {
  const pairs = Object.entries(env).filter(
    ([name]) => !name.startsWith('FOUNDATION_') || name.startsWith('FOUNDATION_SECRET'),
  )
  return Object.fromEntries(pairs)
}

const lookAgainMs = 50

/**
 * Asks every node (but other observers) for its status: again until all have answered that those
 * who answer see, or `timeoutMs` passed. The first to be reached is rarely the only one.
 */
export async function askEveryone(node: FoundationNode, timeoutMs: number): Promise<Answer[]> {
  const deadlineMs = systemHost.nowMs() + timeoutMs
  let answers = await askReached(node, timeoutMs)
  while (unreachedOf(answers).size > 0 && systemHost.nowMs() < deadlineMs) {
    await sleep(systemHost, lookAgainMs)
    answers = await askReached(node, timeoutMs)
  }
  return answers
}

/** Nodes that gave no answer and are seen by some that did, with the names of those. */
export function unreachedOf(answers: readonly Answer[]): Map<string, string[]> {
  const answering = new Set(answers.map(({ node }) => node))
  const unreached = new Map<string, string[]>()
  for (const answer of answers) {
    if ('error' in answer) continue
    for (const { name, status, roles } of answer.status.members) {
      if (status !== 'alive' || roles.includes(observerRole) || answering.has(name)) continue
      unreached.set(name, [...(unreached.get(name) ?? []), answer.node])
    }
  }
  return unreached
}

/** Asks every member this node has a link to, but other observers, for its status. */
export async function askReached(node: FoundationNode, timeoutMs: number): Promise<Answer[]> {
  const members = node
    .members()
    .filter(({ name, roles }) => name !== node.name && !roles.includes(observerRole))
  if (members.length === 0) return []
  const outcomes = await node.rpc.multicall(statusHandler, undefined, {
    nodes: members.map(({ name }) => name),
    timeoutMs,
  })
  return outcomes
    .map((outcome): Answer =>
      'error' in outcome
        ? { node: outcome.node, error: outcome.error }
        : { node: outcome.node, status: outcome.value as NodeStatus },
    )
    .toSorted((a, b) => a.node.localeCompare(b.node))
}

/**
 * A number of milliseconds a user wrote.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID`
 */
export function millisecondsOf(text: string, option: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= 600_000) return value
  throw new FoundationError(
    'FND_OPTION_INVALID',
    `--${option}: expected milliseconds from 1 to 600000, got "${text}"`,
  )
}
