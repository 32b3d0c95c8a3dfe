/**
 * Plants each bug of the ledger in a temporary copy of the tree and runs seeds there until one
 * fails. A bug that survives all seeds fails the run: the simulation has lost a part of its sight.
 */
import { spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import type { PlantedBug } from './planted-bug.ts'
import { plantedBugs } from './planted-bugs.ts'

type Say = (text: string, code: number) => number

const root = fileURLToPath(new URL('../../', import.meta.url))
const seedsMax = 60

/** What became of a planted bug: the seed that caught it, or why none did. */
type Outcome =
  | { readonly seed: number; readonly words: string }
  | { readonly problem: 'survived' | 'stale' | 'broken' }

/** @returns the exit code: 1 when a bug survived, or does not fit the code any more. */
export async function runMutations(say: Say, only?: string): Promise<number> {
  const bugs = plantedBugs.filter(
    ({ name, suite }) => only === undefined || name.includes(only) || (suite ?? 'core') === only,
  )
  let failures = 0
  for (const bug of bugs) {
    const outcome = await inCopy((folder) => tryOne(folder, bug))
    if ('problem' in outcome) {
      failures += 1
      say(`${outcome.problem.toUpperCase()}: ${bug.name} (${bug.file})`, 1)
    } else say(`caught by seed ${String(outcome.seed)}: ${bug.name}\n  ${outcome.words}`, 0)
  }
  return say(
    `${String(bugs.length)} planted bugs, ${String(failures)} not caught`,
    failures > 0 ? 1 : 0,
  )
}

async function tryOne(folder: string, bug: PlantedBug): Promise<Outcome> {
  for (const change of bug.also ? [bug, bug.also] : [bug]) {
    const file = path.join(folder, change.file)
    const source = await readFile(file, 'utf8')
    if (source.split(change.find).length !== 2) return { problem: 'stale' }
    await writeFile(
      file,
      source.replace(change.find, () => change.replace),
    )
  }
  const output = await outputOf(folder, bug)
  const failed = /^seed (\d+) FAILED\n(.*)$/m.exec(output)
  if (failed) return { seed: Number(failed[1]), words: (failed[2] ?? '').trim() }
  return { problem: output.includes(' 0 failed') ? 'survived' : 'broken' }
}

async function inCopy<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'planted-bug-'))
  try {
    for (const part of ['src', 'test/sim', 'package.json']) {
      await cp(path.join(root, part), path.join(folder, part), { recursive: true })
    }
    await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function outputOf(folder: string, { suite = 'core', from = 1 }: PlantedBug): Promise<string> {
  const main = path.join('test', 'sim', 'main.ts')
  const seeds = ['--from', String(from), '--seeds', String(seedsMax)]
  const args = [main, '--suite', suite, ...seeds, '--stop-at-first']
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const add = (chunk: Buffer): void => {
      output += chunk.toString()
    }
    child.stdout.on('data', add)
    child.stderr.on('data', add)
    child.on('error', reject)
    child.on('close', () => {
      resolve(output)
    })
  })
}
