/** The steps of `npm test`, in groups, cheapest first. */

export const staticSteps = [
  ['types', 'tsc', '-p', '.'],
  ['lint', 'eslint', 'src', 'test'],
  ['layers', 'depcruise', '--config', '.dependency-cruiser.mjs', 'src'],
  ['format', 'prettier', '--check', '--log-level=warn', 'src', 'test', 'scripts', 'examples'],
  ['dead code', 'knip', '--no-progress'],
]

const runner = ['node', '--test', '--test-reporter=dot', '--test-timeout=120000']

export const unitSteps = [['unit tests', ...runner, 'src/**/*.test.ts', 'test/*.test.ts']]

export const clusterSteps = [
  ['simulation', ...runner, 'test/sim/*.test.ts'],
  ['clusters in one process', ...runner, 'test/cluster/*.test.ts'],
  ['real processes', ...runner, '--test-concurrency=1', 'test/process/*.test.ts'],
  ['the same program on every engine', ...runner, '--test-concurrency=1', 'test/engines/*.test.ts'],
  // They mostly wait, so more of them than there are processors run at once.
  [
    'the same clusters on a NATS broker',
    ...['env', 'TEST_ENGINE=nats', ...runner, '--test-concurrency=4', 'test/cluster/*.test.ts'],
  ],
  // The other tests of processes are about the mesh itself, discovery and the command line.
  [
    'the same processes on a NATS broker',
    ...['env', 'TEST_ENGINE=nats', ...runner, '--test-concurrency=2'],
    'test/process/{children,children-churn,config,crash,leave,names,pause,slow-reader}.test.ts',
  ],
  ['on a NATS broker', ...runner, '--test-concurrency=1', 'test/nats/*.test.ts'],
]

export const packageSteps = [
  ['build', 'node', 'scripts/build.mjs'],
  ['examples', ...runner, '--test-concurrency=1', 'test/examples/*.test.ts'],
  ['package', 'publint', '--strict'],
  ['API reference', 'typedoc', '--emit', 'none', '--logLevel', 'Warn'],
  ['smoke test of the package', 'node', 'scripts/smoke.mjs'],
]
