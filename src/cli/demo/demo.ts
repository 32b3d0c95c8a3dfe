/**
 * `foundation demo`: three real processes become one cluster, talk, lose one to `kill -9` and get
 * it back. Everything shown is measured in this run; whatever does not happen ends it with a reason.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { systemHost, toError } from '../../kernel/index.ts'
import type { Command, CommandContext } from '../command.ts'
import { Acts, type Figure } from './acts.ts'
import { Screen } from './screen.ts'

/** See `foundation demo --help`. */
export const demoCommand: Command = {
  summary: 'three processes become a cluster on this machine; one is killed and comes back',
  usage: `foundation demo [--json]

  Takes about ten seconds, uses loopback only, leaves nothing behind.
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
  const isJson = context.args.includes('--json')
  const print = isJson ? (): void => undefined : context.print
  const screen = new Screen({ host: systemHost, print, hasColour: context.hasColour })
  const acts = new Acts({ host: systemHost, screen, env: workerEnv(folder) })
  const onInterrupt = (): void => {
    void acts.killAll().then(() => process.exit(130))
  }
  process.once('SIGINT', onInterrupt)
  try {
    const figures = await acts.play()
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
    await acts.killAll()
  }
}

/** A home and a runtime folder of its own: the secret is made on first use, as on a new machine. */
function workerEnv(folder: string): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([key]) => !key.startsWith('FOUNDATION_'))
  return {
    ...Object.fromEntries(inherited),
    XDG_CONFIG_HOME: folder,
    XDG_RUNTIME_DIR: folder,
    FOUNDATION_INTERFACES: 'lo',
    FOUNDATION_LOG: 'error',
    FOUNDATION_APP: path.basename(folder),
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
