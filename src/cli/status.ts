/** `foundation status`: every node of the cluster in a table, once or again and again. */
import process from 'node:process'
import { sleep, systemHost } from '../kernel/index.ts'
import type { FoundationNode, NodeStatus } from '../node/index.ts'
import { parseCommand, type Command, type CommandContext } from './core/command.ts'
import {
  askEveryone,
  askReached,
  lookOptions,
  millisecondsOf,
  startObserver,
  type Answer,
} from './core/observer.ts'
import { painter, spanOf, tableLines, type Paint } from './core/table.ts'

/** See `foundation status --help`. */
export const statusCommand: Command = {
  summary: 'join for a moment and show every node of the cluster',
  usage: `foundation status [--watch] [--app <name>] [--connect <host:port>] [--json]

  Joins with the settings of this folder and the role "observer", asks every node for its status and
  leaves. Exit code 1 when nobody is found.
  --watch              again every second until Ctrl-C; with --json one line each time
  --app <name>         the app to look at, instead of that of this folder
  --connect <address>  connect to this node by hand as well
  --name <name>        the observer's name; with certificates the one they are made for
  --timeout <ms>       how long to look for nodes, and to wait for their answers (5000)`,
  async run(context) {
    const { values } = parseCommand(context.args, {
      options: { ...lookOptions, watch: { type: 'boolean', default: false } },
    })
    const timeoutMs = millisecondsOf(values.timeout, 'timeout')
    await using node = await startObserver(context, values)
    if (values.connect !== undefined) await node.connect(values.connect, { timeoutMs })
    await node.ready({ minPeers: 1, timeoutMs, onTimeout: 'continue' })
    const show = shower(context, node, { isJson: values.json, isWatch: values.watch })
    if (values.watch) return await watch(() => askReached(node, timeoutMs).then(show))
    return show(await askEveryone(node, timeoutMs)) > 0 ? 0 : 1
  },
}

const refreshMs = 1_000

async function watch(refresh: () => Promise<unknown>): Promise<number> {
  const interrupt = new AbortController()
  const onSignal = (): void => {
    interrupt.abort()
  }
  process.once('SIGINT', onSignal)
  process.once('SIGTERM', onSignal)
  try {
    do await refresh()
    while (await sleep(systemHost, refreshMs, interrupt.signal))
  } finally {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
  return 0
}

type Show = (answers: readonly Answer[]) => number

/** Prints answers; gives how many there were. */
function shower(
  { print, hasColour }: CommandContext,
  node: FoundationNode,
  { isJson, isWatch }: { isJson: boolean; isWatch: boolean },
): Show {
  const paint = painter(hasColour)
  return (answers) => {
    if (isJson) print(JSON.stringify(report(node, answers), undefined, isWatch ? undefined : 2))
    else {
      const lines = [...summary(node, answers, paint)]
      // Home, the lines without what stood in them, and nothing below: no flicker.
      const isRedrawn = isWatch && hasColour
      print(
        isRedrawn
          ? `\u001B[H${lines.map((line) => `${line}\u001B[K`).join('\n')}\u001B[J`
          : lines.join('\n'),
      )
    }
    return answers.length
  }
}

function report(node: FoundationNode, answers: readonly Answer[]): object {
  return {
    app: node.status().app,
    at: systemHost.wallClockMs(),
    nodes: answers.map((answer) =>
      'error' in answer ? { node: answer.node, error: answer.error.message } : answer,
    ),
  }
}

function* summary(
  node: FoundationNode,
  answers: readonly Answer[],
  paint: Paint,
): Generator<string> {
  const { app } = node.status()
  if (answers.length === 0) {
    yield `${paint('yellow', 'nobody found')}: no node of "${app}"; foundation doctor says why`
    return
  }
  const count = answers.length
  yield `${paint('bold', app)}  ${String(count)} ${count === 1 ? 'node' : 'nodes'}`
  yield ''
  const rtts = new Map(node.members().map(({ name, rttMs }) => [name, rttMs]))
  const rows = answers.map((answer) =>
    'error' in answer
      ? [answer.node, 'no answer', '', '', '', answer.error.message]
      : rowOf(answer.status, { count, rttMs: rtts.get(answer.node) }),
  )
  yield* tableLines(['node', 'sees', 'up for', 'rtt', 'address', 'found by'], rows, paint)
}

function rowOf(
  { name, members, uptimeMs, addresses, topologies }: NodeStatus,
  { count, rttMs }: { count: number; rttMs: number | undefined },
): string[] {
  const seen = members.filter(
    ({ status, roles }) => status === 'alive' && !roles.includes('observer'),
  )
  const found = topologies
    .filter(({ state }) => state === 'running')
    .map(({ topology, health }) => (health.state === 'ok' ? topology : `${topology} (degraded)`))
  return [
    name,
    `${String(seen.length)}/${String(count)}`,
    spanOf(uptimeMs),
    rttMs === undefined ? '-' : `${rttMs.toFixed(1)} ms`,
    addresses[0] ?? '-',
    found.join(', ') || '-',
  ]
}
