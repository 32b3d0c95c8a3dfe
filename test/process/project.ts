/**
 * A user's project for a test: a folder with a package.json and scripts, processes started in it as
 * a user starts them, confined to loopback, killed and removed at the end whatever happened.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { eventually } from './crew.ts'

const source = new URL('../../src/', import.meta.url)
const autoModule = new URL('auto.ts', source).href
const command = new URL('cli/main.ts', source)

/** How a process ended, and what it said. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** One process of a project. */
export class Running {
  readonly ended: Promise<Ended>
  readonly #child: ChildProcess
  #stdout = ''
  #stderr = ''

  constructor(child: ChildProcess) {
    this.#child = child
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
    this.ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr })
      })
    })
  }

  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  /** A line on its standard input. */
  types(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  /** The end of its standard input. */
  closesInput(): void {
    this.#child.stdin?.end()
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** SIGKILL, for what it started as well: it leads a group of its own. */
  kill(): void {
    try {
      process.kill(-(this.#child.pid ?? 0), 'SIGKILL')
    } catch {
      // The group is gone already.
    }
  }

  /** Waits until it has printed this. */
  async prints(pattern: RegExp, timeoutMs = 30_000): Promise<void> {
    await eventually(`${String(pattern)} in: ${this.#stdout}${this.#stderr}`, timeoutMs, () =>
      pattern.test(this.#stdout),
    )
  }
}

let projects = 0

/** How a process is started. */
export interface How {
  readonly env?: Readonly<Record<string, string>>
  /** Inside this network namespace. */
  readonly namespace?: string
}

/** How a script is started. */
export interface ScriptHow extends How {
  readonly auto?: boolean
  readonly args?: readonly string[]
}

/** One folder, and what runs in it. */
export class Project {
  readonly name: string
  readonly folder: string
  readonly #running: Running[] = []

  readonly #node: string

  constructor(folder: string, node: string) {
    projects += 1
    this.name = `project-${String(process.pid)}-${String(projects)}`
    this.folder = folder
    this.#node = node
  }

  /** `foundation` is the key of that name in package.json. */
  async settings(foundation: object): Promise<void> {
    const content = { name: this.name, type: 'module', foundation }
    await this.write('package.json', JSON.stringify(content, undefined, 2))
  }

  /** A file; `foundation-ts` in a script is this checkout. */
  async write(name: string, text: string): Promise<void> {
    const index = new URL('index.ts', source).href
    await writeFile(path.join(this.folder, name), text.replaceAll("'foundation-ts'", `'${index}'`))
  }

  /** `node <script> <args>`; with `auto` as `node --import foundation-ts/auto <script> <args>`. */
  start(script: string, { auto = false, args = [], ...how }: ScriptHow = {}): Running {
    return this.#spawn([...(auto ? ['--import', autoModule] : []), script, ...args], how)
  }

  /** `foundation ...`, to its end. */
  foundation(args: readonly string[], how: How = {}): Promise<Ended> {
    return this.foundationStarted(args, how).ended
  }

  /** `foundation ...`, still running. */
  foundationStarted(args: readonly string[], how: How = {}): Running {
    return this.#spawn([command.pathname, ...args], how)
  }

  async close(): Promise<void> {
    for (const running of this.#running) running.kill()
    await Promise.all(this.#running.map(({ ended }) => ended))
    await rm(this.folder, { recursive: true, force: true })
  }

  #spawn(args: readonly string[], { env, namespace }: How): Running {
    const inherited = Object.entries(process.env).filter(
      ([key]) => !key.startsWith('FOUNDATION_') && !key.startsWith('NODE_'),
    )
    const inside = namespace === undefined ? [] : ['ip', 'netns', 'exec', namespace]
    const [file = '', ...others] = [...inside, this.#node, ...args]
    const child = spawn(file, others, {
      cwd: this.folder,
      detached: true,
      env: {
        ...Object.fromEntries(inherited),
        NODE_NO_WARNINGS: '1',
        NO_COLOR: '1',
        XDG_CONFIG_HOME: this.folder,
        XDG_RUNTIME_DIR: this.folder,
        FOUNDATION_INTERFACES: 'lo',
        ...env,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    child.stdin.on('error', () => undefined) // It has ended, and so has its input.
    const running = new Running(child)
    this.#running.push(running)
    return running
  }
}

/** Runs a test with a project of its own. `node`: the executable its processes run on. */
export async function withProject(
  run: (project: Project) => Promise<void>,
  node: string = process.execPath,
): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'foundation-project-'))
  const project = new Project(folder, node)
  try {
    await run(project)
  } finally {
    await project.close()
  }
}
