/** The steps of `npm test`, in groups, cheapest first. */

export const staticSteps = [
  ['types', 'tsc', '-p', '.'],
  ['lint', 'eslint', 'src', 'test'],
  ['layers', 'depcruise', '--config', '.dependency-cruiser.mjs', 'src'],
  ['format', 'prettier', '--check', '--log-level=warn', 'src', 'test', 'scripts'],
  ['dead code', 'knip', '--no-progress'],
]

const runner = ['node', '--test', '--test-reporter=dot', '--test-timeout=120000']

export const unitSteps = [['unit tests', ...runner, 'src/**/*.test.ts', 'test/*.test.ts']]

export const clusterSteps = [
  ['simulation', ...runner, 'test/sim/*.test.ts'],
  ['clusters in one process', ...runner, 'test/cluster/*.test.ts'],
  ['real processes', ...runner, '--test-concurrency=1', 'test/process/*.test.ts'],
]

export const packageSteps = [
  ['build', 'node', 'scripts/build.mjs'],
  ['package', 'publint', '--strict'],
  ['smoke test of the package', 'node', 'scripts/smoke.mjs'],
]
