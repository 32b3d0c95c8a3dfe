/** Settings that leave a node alone, and what a person should read once. */
import type { Check } from './check.ts'

/** Says which mode is in force. */
export const settingsCheck: Check = {
  name: 'settings',
  run({ settings: { app, mode, topologies, notes } }) {
    const names = Object.entries(topologies)
      .filter(([, { enabled }]) => enabled)
      .map(([name]) => name)
    const warnings = notes.map((text) => ({ level: 'warn', text }) as const)
    if (mode === 'alone') {
      const text = 'these settings leave a node alone; what code gives startNode() is not seen here'
      const advice = 'set "foundation": { "cluster": true } in package.json, or FOUNDATION_CLUSTER'
      return [{ level: 'warn', text, advice }, ...warnings]
    }
    const text = `app "${app ?? ''}", ${mode} mode: ${names.join(', ')}`
    return [{ level: 'ok', text }, ...warnings]
  },
}
