/** docs/quick-start.md as a reader types it: its files, its commands, on the built package. */
import assert from 'node:assert/strict'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { eventually } from '../process/crew.ts'
import type { Project, Running } from '../process/project.ts'
import { describeOnEachNode } from './example.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** What `npx foundation` runs. */
const command = path.join(root, 'dist', 'cli', 'main.js')
const text = await readFile(path.join(root, 'docs', 'quick-start.md'), 'utf8')

describeOnEachNode('docs/quick-start.md', (withProject) => {
  it('two processes find each other, talk, and one notices the death of the other', () =>
    withProject(async (project) => {
      await typeFiles(project)
      const [ada, bob] = startAll(project, 'node.mjs')
      assert.ok(ada && bob)
      await Promise.all([ada.prints(/^\+ bob$/m), bob.prints(/^\+ ada$/m)])
      ada.types('hello')
      await bob.prints(/^ada: hello$/m)
      const status = await project.start(command, { args: ['status'] }).ended
      assert.match(status.stdout, /^ada\s+2\/2 .*local/m)
      bob.kill()
      await ada.prints(/^- bob is gone$/m)
    }))

  it('a job that survives its process, and keeps its state when it moves in order', () =>
    withProject(async (project) => {
      await typeFiles(project)
      const nodes = startAll(project, 'job.mjs')
      const first = await homeOf(nodes, 'start')
      await first.prints(/^\w+: 2$/m)
      const other = nodes.find((node) => node !== first)
      other?.types('')
      await other?.prints(/^\w+ asked: \d+$/m)

      first.kill()
      const second = await homeOf(nodes, 'failover')
      await second.prints(/^\w+: 2$/m)
      second.signal('SIGINT')
      const third = await homeOf(nodes, 'move')
      await third.prints(/^\w+: \d+$/m)
      assert.doesNotMatch(third.stdout, /^\w+: [12]$/m, 'it went on counting')
    }))
})

/** The files of the page, in a folder where `foundation-ts` is installed. */
async function typeFiles(project: Project): Promise<void> {
  await project.settings({})
  const modules = path.join(project.folder, 'node_modules')
  await mkdir(modules)
  await symlink(root, path.join(modules, 'foundation-ts'))
  for (const [, name = '', code = ''] of text.matchAll(
    /^```js\n\/\/ ([\w.-]+)\n([\s\S]*?)^```$/gm,
  )) {
    await writeFile(path.join(project.folder, name), code)
  }
}

/** `node <script> <name>`, for each name the page starts it with. */
function startAll(project: Project, script: string): Running[] {
  const commands = [...text.matchAll(/^node (\S+) (\w+)$/gm)]
  return commands
    .filter(([, file]) => file === script)
    .map(([, , name = '']) => project.start(script, { args: [name] }))
}

/** The node that says that the counter runs there now, for this reason. */
async function homeOf(nodes: readonly Running[], reason: string): Promise<Running> {
  const said = new RegExp(`^the counter runs on .* \\(${reason}\\), process \\d+$`, 'm')
  const home = (): Running | undefined => nodes.find(({ stdout }) => said.test(stdout))
  await eventually(String(said), 60_000, () => home() !== undefined)
  return home() as Running
}
