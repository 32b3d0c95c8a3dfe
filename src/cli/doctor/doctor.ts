/** `foundation doctor`: why nodes do not find each other, in words. */
import { systemPorts } from '../../discovery/index.ts'
import { isFoundationError, resolveKeyring, silentLog, systemHost } from '../../kernel/index.ts'
import { resolveOptionsIn, startNodeIn, type FoundationNode } from '../../node/index.ts'
import { readSources, type Endpoint } from '../../setup/index.ts'
import { parseCommand, type Command, type CommandContext } from '../core/command.ts'
import { lookOptions, millisecondsOf, startObserver } from '../core/observer.ts'
import { painter, type Colour } from '../core/table.ts'
import type { Finding, Level, Observation, Patient } from './check.ts'
import { checks } from './checks.ts'
import { Look } from './observe.ts'

/** See `foundation doctor --help`. */
export const doctorCommand: Command = {
  summary: 'say why nodes do not find each other, and what to do',
  usage: `foundation doctor [--app <name>] [--connect <host:port>] [--timeout <ms>] [--json]

  Checks the settings of this folder, the secret, the port, multicast, every discovery strategy, and
  joins for a moment to see who answers. Exit code 1 when something fails.
  --app <name>         the app to look for, instead of that of this folder
  --connect <address>  dial this node by hand as well
  --name <name>        the observer's name; with certificates the one they are made for
  --timeout <ms>       how long to look for nodes (5000)`,
  async run(context) {
    const { values } = parseCommand(context.args, { options: lookOptions })
    const timeoutMs = millisecondsOf(values.timeout, 'timeout')
    const found = await examine(context, { ...values, timeoutMs })
    const hasFailed = found.some(({ level }) => level === 'fail')
    if (values.json)
      context.print(JSON.stringify({ ok: !hasFailed, findings: found }, undefined, 2))
    else for (const finding of found) show(context, finding)
    return hasFailed ? 1 : 0
  },
}

type Named = Finding & { readonly check: string }

interface Wishes {
  readonly app?: string | undefined
  readonly name?: string | undefined
  readonly connect?: string | undefined
  readonly timeoutMs: number
}

async function examine(context: CommandContext, wishes: Wishes): Promise<Named[]> {
  const { env, workingFolder } = context
  const given = wishes.app === undefined ? {} : { app: wishes.app }
  const settings = await resolveOptionsIn({ env, workingFolder }, given)
  const { options } = await readSources(given, { env, workingFolder })
  const observer = await startedOrWhyNot(() => startObserver(context, wishes))
  const found: Named[] = []
  try {
    const node = 'error' in observer ? undefined : observer.node
    if ('error' in observer)
      found.push({ check: 'join', level: 'fail', text: observer.error.message })
    const { observation, troubles } = await look(node, wishes)
    found.push(...troubles)
    const patient: Patient = {
      settings,
      host: systemHost,
      ports: systemPorts,
      keyring: () =>
        resolveKeyring({
          secret: options.secret,
          env,
          randomBytes: (count) => systemHost.randomBytes(count),
        }),
      tryListening,
      nodeAtPort: (port) => nameAt(node, port),
      observation,
    }
    for (const check of checks) {
      const findings = await check.run(patient)
      found.push(...findings.map((finding) => ({ check: check.name, ...finding })))
    }
  } finally {
    if ('node' in observer) await observer.node.stop()
  }
  return found
}

type Started = { readonly node: FoundationNode } | { readonly error: Error }

async function startedOrWhyNot(start: () => Promise<FoundationNode>): Promise<Started> {
  try {
    return { node: await start() }
  } catch (error) {
    if (isFoundationError(error)) return { error }
    throw error
  }
}

async function look(
  node: FoundationNode | undefined,
  { connect, timeoutMs }: Wishes,
): Promise<{ observation: Observation | undefined; troubles: Named[] }> {
  if (!node) return { observation: undefined, troubles: [] }
  const begun = new Look(node)
  const dialled = connect === undefined ? [] : await dial(node, connect, timeoutMs)
  return { observation: await begun.result(timeoutMs), troubles: dialled }
}

async function dial(node: FoundationNode, address: string, timeoutMs: number): Promise<Named[]> {
  try {
    const { name } = await node.connect(address, { timeoutMs })
    return [{ check: 'connect', level: 'ok', text: `${address} is ${name}` }]
  } catch (error) {
    if (!isFoundationError(error)) throw error
    return [{ check: 'connect', level: 'fail', text: error.message }]
  }
}

/** A node of nobody, so that the port is opened exactly as by one of ours. */
async function tryListening(endpoint: Endpoint): ReturnType<Patient['tryListening']> {
  const started = await startedOrWhyNot(() =>
    startNodeIn(
      { host: systemHost, env: {}, workingFolder: undefined },
      {
        app: 'foundation-doctor',
        secret: Buffer.from(systemHost.randomBytes(32)).toString('hex'),
        topologies: {},
        listen: endpoint,
        log: silentLog,
      },
    ),
  )
  if ('node' in started) await started.node.stop()
  return 'error' in started && isFoundationError(started.error) ? started.error : undefined
}

const knockMs = 2_000

async function nameAt(node: FoundationNode | undefined, port: number): Promise<string | undefined> {
  try {
    const member = await node?.connect(`127.0.0.1:${String(port)}`, { timeoutMs: knockMs })
    return member?.name
  } catch {
    return undefined // Not one of ours: that is the answer.
  }
}

const colours: Readonly<Record<Level, Colour>> = { ok: 'green', warn: 'yellow', fail: 'red' }

function show({ print, hasColour }: CommandContext, { check, level, text, advice }: Named): void {
  const paint = painter(hasColour)
  print(`${paint(colours[level], level.padEnd(4))}  ${check.padEnd(10)} ${text}`)
  if (advice !== undefined) print(`                 -> ${advice}`)
}
