/** Bugs of the monitor that the suite `monitor` must catch. */
import type { PlantedBug } from '../planted-bug.ts'

const rules = 'src/monitor/healing/rules'

/** All of them. */
export const monitorBugs: readonly PlantedBug[] = [
  {
    name: 'what a third member says is not believed',
    suite: 'monitor',
    file: 'src/monitor/missing-edges.ts',
    find: 'signs.linked.includes(name)',
    replace: '!signs.linked.includes(name)',
  },
  {
    name: 'a missing edge is dialled at each look',
    suite: 'monitor',
    file: `${rules}/redial.ts`,
    find: 'nowMs + Math.min(retryMinMs * 2 ** count, retryMaxMs)',
    replace: 'nowMs',
  },
  {
    name: 'dials of a missing edge become rarer without end',
    suite: 'monitor',
    file: `${rules}/redial.ts`,
    find: 'Math.min(retryMinMs * 2 ** count, retryMaxMs)',
    replace: 'retryMinMs * 2 ** count',
  },
  {
    name: 'nothing is looked up after a loss',
    suite: 'monitor',
    file: 'src/monitor/member-watch.ts',
    find: "if (news.type === 'member-down') this.#lost.add(news.member.name)",
    replace: '',
  },
  {
    name: 'each loss is looked up at once',
    suite: 'monitor',
    file: `${rules}/rediscover.ts`,
    find: 'this.#nextMs = nowMs + gapMs',
    replace: 'this.#nextMs = nowMs',
  },
  {
    name: 'quarantine without a bound on how many',
    suite: 'monitor',
    file: `${rules}/quarantine.ts`,
    find: 'if (isServing || room <= 0) continue',
    replace: 'if (isServing) continue',
  },
  {
    name: 'who flaps is let in at once',
    suite: 'monitor',
    file: `${rules}/quarantine.ts`,
    find: 'Math.min(quarantineMinMs * 2 ** count, quarantineMaxMs)',
    replace: '1',
  },
  {
    name: 'who comes and goes itself keeps others out',
    suite: 'monitor',
    file: `${rules}/quarantine.ts`,
    find: 'return isSelfSlow || (restlessCount > 1 && restlessCount * 2 > memberCount)',
    replace: 'return isSelfSlow && restlessCount > memberCount',
  },
  {
    name: 'missing members are told again and again',
    suite: 'monitor',
    file: `${rules}/expected.ts`,
    find: 'this.#isTold = true',
    replace: '',
  },
  {
    name: 'a source that is out is no matter of health',
    suite: 'monitor',
    file: 'src/monitor/health.ts',
    find: "state === 'running' && health.state !== 'ok')\n    .map",
    replace: "state === 'running' && health.state === 'unknown')\n    .map",
  },
  {
    name: 'children stay where they are when a node joins',
    suite: 'monitor',
    file: 'src/supervisor/parts.ts',
    find: "if (process_redistribution === 'active' && isStable) void this.home.rebalance()",
    replace: '',
  },
]
