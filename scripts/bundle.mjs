/**
 * What `tsc` made, one file a module, becomes the files of the package: one a layer, one for each
 * thing that is loaded only when it is used. An installation is then small whatever a file system's
 * blocks are, starts faster, and needs no other package.
 */
import { copyFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { rollup } from 'rollup'
import { dts } from 'rollup-plugin-dts'
import { root } from './steps.mjs'

/** What package.json exports or starts, and what the command starts as a process of its own. */
const doors = [
  'index',
  'auto',
  'discovery/door',
  'integrations/http',
  'integrations/opentelemetry',
  'integrations/prometheus',
  'integrations/socket-io',
  'testing/index',
  'transport/nats/index',
]
const programs = ['cli/main', 'cli/demo/worker/worker']

/** Loaded when they are used: rollup finds where to cut. All other folders are a file each. */
const lazy = [
  'cli',
  'dashboard',
  'integrations',
  'testing',
  'discovery/strategies',
  'transport/nats',
]

const built = path.join(root, 'build')

function layerOf(id) {
  if (id.includes('node_modules')) return 'msgpackr'
  const within = path.relative(built, id)
  if (lazy.some((folder) => within.startsWith(`${folder}/`))) return undefined
  return within.includes('/') ? within.split('/')[0] : undefined
}

/** The one library that is inside the package, in its plain JavaScript build. */
const library = 'msgpackr/pack'
const inside = {
  name: 'inside',
  resolveId: (id) => (id === library ? fileURLToPath(import.meta.resolve(library)) : null),
}
const isOutside = (id) => /^[^./]/u.test(id) && id !== library

/**
 * Warnings about what is as it should be: the `this` of what the compiler puts before `import(name)`,
 * `foundation-ts/auto` has no types of its own, and some types are in no signature a user names.
 */
const expected = new Set(['THIS_IS_UNDEFINED', 'EMPTY_BUNDLE', 'PLUGIN_WARNING'])

const fail = (warning) => {
  if (expected.has(warning.code)) return
  throw new Error(`${warning.code}: ${warning.message}`)
}

async function bundle(suffix, names, options, layout) {
  const input = Object.fromEntries(names.map((name) => [name, path.join(built, name + suffix)]))
  const made = await rollup({ input, external: isOutside, onwarn: fail, ...options })
  await made.write({
    dir: path.join(root, 'dist'),
    entryFileNames: `[name]${suffix}`,
    minifyInternalExports: false,
    hoistTransitiveImports: false,
    ...layout,
  })
  await made.close()
}

await bundle(
  '.js',
  [...doors, ...programs],
  { plugins: [inside] },
  {
    chunkFileNames: 'parts/[name].js',
    manualChunks: layerOf,
  },
)
await bundle('.d.ts', doors, { plugins: [dts()] }, { chunkFileNames: 'types/[name].ts' })
copyFileSync(
  path.join(root, 'node_modules/msgpackr/LICENSE'),
  path.join(root, 'dist/msgpackr.LICENSE'),
)
