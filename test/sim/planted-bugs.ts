/** Bugs to plant, one at a time, that the simulation must catch. `ledger.md` tells what each stands for. */
import { childrenBugs } from './children/planted-bugs.ts'
import { configBugs } from './config/planted-bugs.ts'
import { monitorBugs } from './monitor/planted-bugs.ts'
import { namesBugs } from './names/planted-bugs.ts'
import type { PlantedBug } from './planted-bug.ts'
import { coreBugs } from './planted-core-bugs.ts'

/** All of them. */
export const plantedBugs: readonly PlantedBug[] = [
  ...coreBugs,
  ...childrenBugs,
  ...namesBugs,
  ...configBugs,
  ...monitorBugs,
]
