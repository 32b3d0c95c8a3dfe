/** The examples as people run them, on the built package, each test in a folder of its own. */
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { machineNode } from '../../scripts/machine-node.mjs'
import { withProject, type Project, type Running } from '../process/project.ts'

interface NodeToRunOn {
  readonly title: string
  readonly file: string
  /** Why nothing can be run on it. */
  readonly missing?: string
}

const pinned: NodeToRunOn = { title: `Node ${process.version}`, file: process.execPath }

/** The oldest Node of package.json's `engines` is what users run; this project's own is newer. */
function nodesToRunOn(): readonly NodeToRunOn[] {
  const machine = machineNode()
  if (!machine) {
    const missing = 'there is no other node on PATH'
    return [pinned, { title: "the machine's own Node", file: '', missing }]
  }
  if (machine.version === process.version) return [pinned]
  return [pinned, { title: `the machine's own Node ${machine.version}`, file: machine.file }]
}

/** Registers the tests once for each Node; their projects run on it. */
export function describeOnEachNode(
  title: string,
  tests: (withProjectOnIt: (run: (project: Project) => Promise<void>) => Promise<void>) => void,
): void {
  for (const { title: node, file, missing } of nodesToRunOn()) {
    // A suite that is skipped counts as nothing, a test as skipped.
    if (missing !== undefined) it(`${title} on ${node}`, { skip: missing })
    else
      describe(`${title} on ${node}`, () => {
        tests((run) => withProject(run, file))
      })
  }
}

/** Starts `examples/<file>` with these words after it. */
export function startExample(
  project: Project,
  file: string,
  how: { args?: readonly string[]; name?: string; env?: Record<string, string> } = {},
): Running {
  const script = fileURLToPath(new URL(`../../examples/${file}`, import.meta.url))
  const { args = [], name, env = {} } = how
  return project.start(script, { args, env: { ...env, ...(name && { FOUNDATION_NAME: name }) } })
}
