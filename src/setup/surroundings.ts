/** Guesses where a process runs from its environment: multicast does not pass everywhere. Pure. */

type Environment = Readonly<Record<string, string | undefined>>

interface Place {
  readonly name: string
  readonly sign: string
  /** What to write instead of `cluster: true`. */
  readonly line: (app: string, env: Environment) => string
}

/** The variables each platform sets in every process. */
const places: readonly Place[] = [
  {
    name: 'Kubernetes',
    sign: 'KUBERNETES_SERVICE_HOST',
    line: (app) => `cluster: { strategy: 'kubernetes', appName: '${app}' }`,
  },
  {
    name: 'Amazon ECS',
    sign: 'ECS_CONTAINER_METADATA_URI_V4',
    line: (app) => `cluster: { strategy: 'dns', query: '${app}.<your Cloud Map namespace>' }`,
  },
  {
    name: 'Fly.io',
    sign: 'FLY_APP_NAME',
    line: (_, env) =>
      `cluster: { strategy: 'dns', query: '${env['FLY_APP_NAME'] ?? ''}.internal' }`,
  },
]

/** A sentence for each place this looks like where `cluster: true` will not find other machines. */
export function placesWithoutMulticast(env: Environment, app: string): string[] {
  const short = app.slice(app.lastIndexOf('/') + 1)
  return places
    .filter(({ sign }) => env[sign] !== undefined && env[sign] !== '')
    .map(
      ({ name, line }) =>
        `this looks like ${name}, where multicast does not reach other machines: ` +
        `instead of cluster: true write ${line(short, env)}`,
    )
}
