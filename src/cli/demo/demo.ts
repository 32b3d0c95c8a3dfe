/**
 * `foundation demo`: three real processes become one cluster, talk, share names and children, lose
 * one to `kill -9` and get it back. Everything shown is measured in this run; whatever does not happen ends it with a reason.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { invalid, systemHost, toError } from '../../kernel/index.ts'
import type { Command, CommandContext } from '../core/command.ts'
import { commitSettings, findEvent } from './acts/agreeing.ts'
import { comeBack, form, showMembers } from './acts/coming.ts'
import { kill, leave } from './acts/going.ts'
import { claimOneName, moveCounter, spreadChildren } from './acts/sharing.ts'
import { floodBesideControl, talk } from './acts/talking.ts'
import { DemoBroker } from './broker.ts'
import { natsVariable } from './stage/orders.ts'
import { Screen } from './stage/screen.ts'
import { Stage, type Figure } from './stage/stage.ts'

type Act = (stage: Stage) => Promise<void>

/** The story. Each act throws when what it shows did not happen. */
const story: readonly Act[] = [
  form,
  showMembers,
  talk,
  floodBesideControl,
  commitSettings,
  findEvent,
  claimOneName,
  spreadChildren,
  moveCounter,
  kill,
  comeBack,
  leave,
]

/** See `foundation demo --help`. */
export const demoCommand: Command = {
  summary:
    'three processes become a cluster, share thirty children, lose one process and get it back',
  usage: `foundation demo [--engine mesh|nats] [--json]

  Takes less than half a minute, uses loopback only, leaves nothing behind.
  --engine nats   the same program over a NATS broker, which the demo starts
  Exit code 0 when everything happened, 1 and a reason when something did not.`,
  async run(context) {
    const folder = await mkdtemp(path.join(tmpdir(), 'foundation-demo-'))
    try {
      return await perform(context, folder)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
}

async function perform(context: CommandContext, folder: string): Promise<number> {
  const { values } = parseArgs({
    args: [...context.args],
    options: {
      json: { type: 'boolean', default: false },
      engine: { type: 'string', default: 'mesh' },
    },
  })
  const broker = await brokerFor(values.engine, folder)
  try {
    return await play(context, { isJson: values.json, env: workerEnv(folder, broker) })
  } finally {
    broker?.stop()
  }
}

/** @throws {FoundationError} `FND_OPTION_INVALID` */
async function brokerFor(engine: string, folder: string): Promise<DemoBroker | undefined> {
  if (engine === 'nats') return DemoBroker.start(folder)
  if (engine === 'mesh') return undefined
  throw invalid('--engine', 'expected mesh or nats', engine)
}

async function play(
  context: CommandContext,
  { isJson, env }: { isJson: boolean; env: NodeJS.ProcessEnv },
): Promise<number> {
  const print = isJson ? (): void => undefined : context.print
  const screen = new Screen({ host: systemHost, print, hasColour: context.hasColour })
  const stage = new Stage({ host: systemHost, screen, env })
  const onInterrupt = (): void => {
    void stage.killAll().then(() => process.exit(130))
  }
  process.once('SIGINT', onInterrupt)
  try {
    for (const act of story) await act(stage)
    const { figures } = stage
    if (isJson) context.print(JSON.stringify({ ok: true, figures }))
    else showSummary(screen, figures)
    return 0
  } catch (thrown) {
    const reason = toError(thrown).message
    screen.say('bad', `the demo stopped: ${reason}`)
    if (isJson) context.print(JSON.stringify({ ok: false, reason }))
    return 1
  } finally {
    process.off('SIGINT', onInterrupt)
    await stage.killAll()
  }
}

/** A home and a runtime folder of its own: the secret is made on first use, as on a new machine. */
function workerEnv(folder: string, broker: DemoBroker | undefined): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([key]) => !key.startsWith('FOUNDATION_'))
  return {
    ...Object.fromEntries(inherited),
    XDG_CONFIG_HOME: folder,
    XDG_RUNTIME_DIR: folder,
    FOUNDATION_INTERFACES: 'lo',
    FOUNDATION_LOG: 'error',
    FOUNDATION_APP: path.basename(folder),
    ...(broker && { [natsVariable]: broker.url }),
  }
}

function showSummary(screen: Screen, figures: readonly Figure[]): void {
  screen.say('step', 'what was measured in this run')
  screen.table(
    ['what', 'measured'],
    figures.map(({ what, value, unit }) => [what, `${formatNumber(value)} ${unit}`]),
  )
  screen.say('good', 'everything happened; all processes have ended')
}

function formatNumber(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2)
}
