/** Bugs of children that the suite `children` must catch. */
import type { PlantedBug } from '../planted-bug.ts'

/** All of them. */
export const childrenBugs: readonly PlantedBug[] = [
  {
    name: 'every node takes itself for the home',
    suite: 'children',
    file: 'src/supervisor/views.ts',
    find: 'return this.homeOf(id) === this.#deps.self.name',
    replace: 'return this.#homes.includes(this.#deps.self.name) && id.length > 0',
    also: {
      file: 'src/supervisor/local/orders.ts',
      find: 'if (home === from) return ask',
      replace: 'if (home !== undefined) return ask',
    },
  },
  {
    name: 'extra children are looked for in the wrong shape',
    suite: 'children',
    file: 'src/supervisor/core/reconcile.ts',
    find: "const live = placements.find((placed) => isLive(placed) && placed.state !== 'stopping')",
    replace: 'const live = placements.find((placed) => isLive(placed.since as never))',
  },
  {
    name: 'a second child after a split is left alone',
    suite: 'children',
    file: 'src/supervisor/core/reconcile.ts',
    find: "return { kind: 'surrender', placed: loser, winner }",
    replace: 'return nothing',
  },
  {
    name: 'epochs do not grow',
    suite: 'children',
    file: 'src/supervisor/table.ts',
    find: 'return this.#clock.next()',
    replace: 'return 1 + Math.floor(this.#clock.next() / 2 ** 50)',
    also: {
      file: 'src/supervisor/local/runner.ts',
      find: 'if (epoch <= passed) return passed',
      replace: '',
    },
  },
  {
    name: 'the source of a hand-over forgets the state at once',
    suite: 'children',
    file: 'src/supervisor/local/local-handovers.ts',
    find: "state: 'exported', move, packed: slot.packed",
    replace: "state: 'exported', move, packed: undefined",
  },
  {
    name: 'the source of a hand-over serves on',
    suite: 'children',
    file: 'src/supervisor/core/handover.ts',
    find: "carry: { done: 'retire', failed: 'unseal' }",
    replace: "carry: { done: 'start', failed: 'unseal' }",
  },
  {
    name: 'calls are worked on while a child stops',
    suite: 'children',
    file: 'src/supervisor/local/runner.ts',
    find: 'await child.stop(reason, this.#deps.services.hold(id))',
    replace: 'await child.stop(reason)',
  },
  {
    name: 'an order to start is acknowledged by nobody',
    suite: 'children',
    file: 'src/supervisor/home/requests.ts',
    find: 'const acknowledgementsMax = 2',
    replace: 'const acknowledgementsMax = 0',
  },
  {
    name: 'a home acts before members agree',
    suite: 'children',
    file: 'src/supervisor/views.ts',
    find: 'return missing.length === 0',
    replace: 'return missing.length >= 0',
    // Nodes refuse most of what such a home orders: of the first 250 seeds none shows it.
    from: 245,
  },
  {
    name: 'a child that was cut short in a hand-over is not looked for',
    suite: 'children',
    file: 'src/supervisor/core/reconcile.ts',
    find: "if (live.state === 'sealed') return { kind: 'unseal', placed: live }",
    replace: '',
    also: {
      file: 'src/supervisor/local/local-handovers.ts',
      find: 'this.unseal(id)\n    })',
      replace: '})',
    },
  },
]
