/** All that the doctor looks at, in the order in which it is told. */
import type { Check } from './check.ts'
import { clockCheck } from './clock-check.ts'
import { listenCheck } from './listen-check.ts'
import { lookupCheck } from './lookup-check.ts'
import { multicastCheck } from './multicast-check.ts'
import { reachCheck } from './reach-check.ts'
import { secretCheck } from './secret-check.ts'
import { settingsCheck } from './settings-check.ts'
import { strangerCheck } from './stranger-check.ts'

/** One after the other. */
export const checks: readonly Check[] = [
  settingsCheck,
  secretCheck,
  listenCheck,
  multicastCheck,
  lookupCheck,
  strangerCheck,
  reachCheck,
  clockCheck,
]
