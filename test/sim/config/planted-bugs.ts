/** Bugs of settings that the suite `config` must catch. */
import type { PlantedBug } from '../planted-bug.ts'

/** All of them. */
export const configBugs: readonly PlantedBug[] = [
  {
    name: 'who said yes decides alone when it hears nothing',
    suite: 'config',
    file: 'src/config/commit/participant.ts',
    find: 'if (isDoubtful) effects.push(...this.#doubt(held.proposal))',
    replace:
      "if (isDoubtful) effects.push(...this.learn(held.proposal.txid, { type: 'abort', refusal: this.#refusal({ kind: 'timeout', reason: '' }) }, ''))",
    also: {
      file: 'src/config/commit/participant.ts',
      find: "held.state === 'prepared' && held.doubtAtMs <= nowMs",
      replace: "held.state === 'prepared'",
    },
  },
  {
    name: 'a new life says abort for a former one',
    suite: 'config',
    file: 'src/config/commit/participant.ts',
    find: 'return remembers(asked) && !this',
    replace: 'return (remembers(asked) || true) && !this',
  },
  {
    name: 'commit before all have said yes',
    suite: 'config',
    file: 'src/config/commit/coordinator.ts',
    find: 'return missing.size === 0 ?',
    replace: 'return missing.size <= 1 ?',
  },
  {
    name: 'the coordinator does not ask its own validators',
    suite: 'config',
    file: 'src/config/commit/commit-protocol.ts',
    find: 'const problem = await (part ?',
    replace:
      'const problem = txid.coordinator === this.#deps.self.name ? undefined : await (part ?',
  },
  {
    name: 'who hears nothing asks nobody',
    suite: 'config',
    file: 'src/config/commit/participant.ts',
    find: 'effects.push(...inquiriesOf(held.proposal, this.#facts))',
    replace: '',
  },
  {
    name: 'a path in doubt is given to the next',
    suite: 'config',
    file: 'src/config/commit/held-transactions.ts',
    find: "held.state !== 'waiting' &&\n        compareTxids",
    replace: "held.state !== 'waiting' && held.state !== 'in-doubt' &&\n        compareTxids",
  },
]
