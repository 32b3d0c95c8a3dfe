/** Files of this package that are started as programs of their own. */

/** The package.json of Foundation itself; a package can always resolve itself by its name. */
export const packageFile: URL = new URL(import.meta.resolve('foundation-ts/package.json'))
const isSource = import.meta.url.endsWith('.ts')

/** The address of a module of this package, e.g. `auto`: as source, or as built. */
export function ownFile(module: string): URL {
  return new URL(isSource ? `src/${module}.ts` : `dist/${module}.js`, packageFile)
}
