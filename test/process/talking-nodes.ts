/** What the tests of the `foundation` command share: a node of a program, and two that know each other. */
import type { Project, Running } from './project.ts'

const app = `
import { startNode } from 'foundation-ts'
const node = await startNode()
const say = () => console.log('sees', node.members().filter(({ roles }) => !roles.includes('observer')).length - 1)
for (const type of ['member-up', 'member-down', 'member-left']) {
  node.on(type, ({ member }) => { console.log(type, member.name); say() })
}
say()
`

/** Writes a program of one node that says whom it sees. */
export async function prepare(
  project: Project,
  foundation: object = { cluster: true },
): Promise<void> {
  await project.settings(foundation)
  await project.write('app.js', app)
}

/** Two nodes that know each other. */
export async function pair(project: Project, env: Record<string, string> = {}): Promise<Running[]> {
  await prepare(project)
  const nodes = ['ada', 'bell'].map((name) =>
    project.start('app.js', { env: { FOUNDATION_NAME: name, ...env } }),
  )
  await Promise.all(nodes.map((node) => node.prints(/sees 1/)))
  return nodes
}
