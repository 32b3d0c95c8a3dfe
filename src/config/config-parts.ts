/** What config is made of on one node, and who tells whom. Holds no rule of its own; it wires. */
import { FoundationError, toError } from '../kernel/index.ts'
import type { MapSpace } from '../replication/index.ts'
import { messageCodes } from '../wire/index.ts'
import type { CommitProtocol } from './commit/commit-protocol.ts'
import type { ConfigDeps } from './config-deps.ts'
import { ConfigTelemetry } from './config-telemetry.ts'
import { Conflicts } from './conflicts.ts'
import { ConfigHistory } from './history.ts'
import type { ConfigNews } from './news.ts'
import type { ConfigOptions } from './options.ts'
import { Persistence } from './persistence.ts'
import { QuorumRoster } from './quorum-roster.ts'
import { Settings, type KeptSetting, type SettingChange } from './settings.ts'
import { changeAt, ConfigSubscriptions } from './subscriptions.ts'
import { Transactions } from './transactions.ts'
import { Validators } from './validators.ts'
import { Voting } from './voting.ts'

const space = 'config'

/** One a node. */
export class ConfigParts {
  readonly space: MapSpace
  readonly measures: ConfigTelemetry
  readonly history: ConfigHistory
  readonly validators: Validators = new Validators()
  readonly subscriptions: ConfigSubscriptions
  readonly settings: Settings
  readonly voting: Voting
  readonly roster: QuorumRoster
  readonly persistence: Persistence | undefined
  readonly transactions: Transactions
  readonly conflicts: Conflicts
  readonly #deps: ConfigDeps

  /** @param isRunning whether this node may vote. */
  constructor(given: ConfigDeps, options: ConfigOptions, isRunning: () => boolean) {
    this.measures = new ConfigTelemetry(given)
    const news = (each: ConfigNews): void => {
      this.measures.tell(each)
      given.news(each)
    }
    const deps = { ...given, news }
    this.#deps = deps
    const { host, self, members, map, router } = deps
    this.space = map.space(space)
    this.history = new ConfigHistory(options)
    this.subscriptions = new ConfigSubscriptions(this.#subscriberFailed)
    this.settings = this.#settingsOver(options.defaults)
    const { space: mapSpace, settings, validators } = this
    this.voting = new Voting(
      { host, self, members, isRunning, space: mapSpace, settings, validators },
      options.validatorTimeoutMs,
    )
    this.roster = new QuorumRoster(self.name, options)
    this.persistence = this.#persistenceIn(options)
    const { voting, roster, persistence, measures } = this
    this.transactions = new Transactions(
      { ...deps, measures, settings, voting, roster, persistence },
      options,
    )
    this.conflicts = this.#conflictsOf()
    router.handle(messageCodes.configConflict, (body) => {
      this.conflicts.heard(body)
    })
  }

  #settingsOver(defaults: ConfigOptions['defaults']): Settings {
    const { log } = this.#deps
    const changed = this.#changed
    const lost = (path: string, loser: KeptSetting): void => {
      this.conflicts.found({ path, ...loser })
    }
    return new Settings({ space: this.space, log, changed, lost }, defaults)
  }

  #persistenceIn({ file, fileMaxBytes }: ConfigOptions): Persistence | undefined {
    if (file === undefined) return undefined
    const { log, openFile: open, self } = this.#deps
    const protocol = (): CommitProtocol => this.transactions.protocol
    const deps = { open, log, space: this.space, protocol, incarnation: self.incarnation }
    return new Persistence({ path: file, maxBytes: fileMaxBytes }, deps)
  }

  #conflictsOf(): Conflicts {
    const { host, news, peers, router } = this.#deps
    return new Conflicts({
      history: this.history,
      news,
      winnerOf: (path) => this.settings.keptAt(path),
      ...{ host, router, peers },
    })
  }

  readonly #changed = (change: SettingChange): void => {
    const { path, record, version } = change
    const news = changeAt(path, change)
    const { origin, verb, txid } = news
    const entry = { path, value: record?.value, version, origin, verb, txid }
    this.history.add({ ...entry, outcome: 'applied' })
    this.persistence?.changed(path, version)
    this.#deps.news({ type: 'config-changed', ...news })
    this.subscriptions.tell(change)
    if (txid !== undefined) this.transactions.learnFrom(txid, version)
  }

  readonly #subscriberFailed = (path: string, thrown: unknown): void => {
    const cause = toError(thrown)
    const message = `Subscriber of the setting "${path}" failed: ${cause.message}`
    const context = { details: { path }, cause }
    const error = new FoundationError('FND_SUBSCRIBER_FAILED', message, context)
    this.#deps.news({ type: 'trouble', error })
  }
}
