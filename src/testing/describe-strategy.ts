/**
 * The contract suite of the discovery strategy port: every built-in strategy passes it, and users
 * run it on their own.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  checkLookup,
  checkHint,
  resolveTopology,
  systemPorts,
  type PollStrategy,
  type PushStrategy,
  type Strategy,
  type StrategyContext,
  type StrategyEvent,
  type Topology,
} from '../discovery/index.ts'
import { Keyring, silentLog, sleep, systemHost, within, silentTelemetry } from '../kernel/index.ts'

/** What the suite needs to know. */
export interface StrategyArena {
  /** The strategy (a name, a class or a definition) and a config that works where the test runs. */
  readonly topology: Topology
  /** Parts of the context to replace, e.g. fake `ports`. */
  readonly context?: Partial<StrategyContext>
}

const deadlineMs = 5_000

/**
 * Registers the suite with node:test. It assumes real time.
 *
 * @param strategy one that works without a config: a name, a class or a definition.
 */
export function describeStrategy(strategy: Topology['strategy']): void
/**
 * As above, for a strategy that needs a config or parts of a context.
 *
 * @param name   of the strategy, for the titles of the tests.
 * @param setup  called once for each test.
 */
export function describeStrategy(
  name: string,
  setup: () => StrategyArena | Promise<StrategyArena>,
): void
export function describeStrategy(
  strategy: Topology['strategy'],
  setup: () => StrategyArena | Promise<StrategyArena> = () => ({ topology: { strategy } }),
): void {
  const name = typeof strategy === 'string' ? strategy : strategy.name
  describe(`strategy contract: ${name}`, () => {
    it('refuses a config key it does not know, unless it is a class of its own', async () => {
      const { topology } = await setup()
      if (typeof topology.strategy === 'function') return
      const config = { ...topology.config, noSuchOptionAtAll: 1 }
      const isRefusal = { code: 'FND_OPTION_INVALID' }
      assert.throws(() => resolveTopology('contract', { ...topology, config }), isRefusal)
    })

    it('gives lists of hints when polled, or news when it pushes, and nothing else', async () => {
      await withStrategy(setup, async (strategy, stage) => {
        if (strategy.kind === 'poll') await pollTwice(strategy, stage)
        else await startTwice(strategy, stage)
      })
    })

    it('ends soon when told to, and is silent afterwards', async () => {
      await withStrategy(setup, async (strategy, stage) => {
        if (strategy.kind === 'poll') await abortLookup(strategy, stage)
        else await stopAndListen(strategy, stage)
      })
    })
  })
}

interface Stage {
  readonly context: StrategyContext
  readonly events: StrategyEvent[]
}

async function withStrategy(
  setup: () => StrategyArena | Promise<StrategyArena>,
  run: (strategy: Strategy, stage: Stage) => Promise<void>,
): Promise<void> {
  const { topology, context: given } = await setup()
  const { strategy } = resolveTopology('contract', topology)
  const stopping = new AbortController()
  const events: StrategyEvent[] = []
  const context: StrategyContext = { ...plainContext(stopping.signal, events), ...given }
  try {
    await run(strategy, { context, events })
  } finally {
    stopping.abort()
    if (strategy.kind === 'push') await soon('stop()', strategy.stop('test'))
  }
}

function plainContext(signal: AbortSignal, events: StrategyEvent[]): StrategyContext {
  const incarnation = `${String(systemHost.wallClockMs())}-contract`
  const addresses = ['127.0.0.1:4001']
  return {
    topology: 'contract',
    self: { name: 'contract', incarnation, cluster: 'contract', addresses },
    keyring: new Keyring(['a secret for the contract suite']),
    interfaces: ['lo'],
    host: systemHost,
    log: silentLog,
    telemetry: silentTelemetry,
    signal,
    ports: systemPorts,
    emit: (event) => {
      events.push(event)
    },
  }
}

async function pollTwice(strategy: PollStrategy, { context }: Stage): Promise<void> {
  for (let round = 0; round < 2; round++) {
    const { signal } = new AbortController()
    const given = await soon('lookup()', strategy.lookup(context, signal))
    const checked = checkLookup(given)
    assert.ok(checked, 'lookup() must give { peers, complete }')
    assert.equal(checked.rejected, 0, 'every peer must have a host and, if any, a good port')
    assert.equal(typeof given.complete, 'boolean')
  }
}

async function startTwice(strategy: PushStrategy, { context, events }: Stage): Promise<void> {
  await soon('start()', strategy.start(context))
  await soon('a second start()', strategy.start(context))
  strategy.refresh?.()
  await sleep(systemHost, 50) // Long enough for a strategy to say something wrong at once.
  for (const event of events) {
    if (event.type !== 'seen' && event.type !== 'gone') continue
    assert.ok(checkHint(event.peer), `not a usable hint: ${JSON.stringify(event.peer)}`)
  }
}

/** It may reject or resolve, but must not go on. */
async function abortLookup(strategy: PollStrategy, { context }: Stage): Promise<void> {
  const attempt = new AbortController()
  const looking = strategy.lookup(context, attempt.signal)
  attempt.abort()
  await soon('an aborted lookup()', Promise.allSettled([looking]))
}

async function stopAndListen(strategy: PushStrategy, { context, events }: Stage): Promise<void> {
  await soon('start()', strategy.start(context))
  await soon('stop()', strategy.stop('test'))
  await soon('a second stop()', strategy.stop('test'))
  const said = events.length
  await sleep(systemHost, 50) // Long enough for what a stopped strategy left running to speak.
  assert.equal(events.length, said, 'a stopped strategy must be silent')
}

function soon<T>(what: string, work: Promise<T>): Promise<T> {
  return within(systemHost, work, { what, timeoutMs: deadlineMs })
}
