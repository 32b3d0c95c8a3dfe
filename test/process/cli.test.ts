/** The `foundation` command as people type it, against real processes. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ResolvedOptions } from '../../src/index.ts'
import { withProject } from './project.ts'

const secret = 'the secret of this cluster'

describe('foundation explain', () => {
  it('shows modes, sources and topologies; --json the same for programs', async () => {
    await withProject(async (project) => {
      await project.settings({ cluster: { strategy: 'kubernetes', appName: 'shop' } })
      const env = { FOUNDATION_ROLES: 'web', FOUNDATION_SECRET: secret }
      const { code, stdout } = await project.foundation(['explain'], { env })
      assert.equal(code, 0)
      assert.match(stdout, /^mode {2}apprentice/)
      assert.match(stdout, /^roles +\["web"\] +FOUNDATION_ROLES$/m)
      assert.match(stdout, /^secret +\(hidden\) +FOUNDATION_SECRET$/m)
      assert.match(stdout, /config +\{labelSelector: "app=shop", port: 27946/)
      const json = await project.foundation(['explain', '--json'], { env })
      const { mode, options, topologies } = JSON.parse(json.stdout) as ResolvedOptions
      assert.equal(mode, 'apprentice')
      assert.match(options['cluster']?.origin ?? '', /package\.json$/)
      assert.equal(topologies['kubernetes']?.prune, 'grace')
      assert.doesNotMatch(stdout + json.stdout, new RegExp(secret))
    })
  })
})

describe('the command line', () => {
  it('tells its version, refuses words too many, and tells programs of failures as JSON', async () => {
    await withProject(async (project) => {
      assert.match((await project.foundation(['--version'])).stdout, /^\d+\.\d+\.\d+\S*\n$/)
      const env = { FOUNDATION_SECRET: secret }
      const { code, stdout, stderr } = await project.foundation(
        ['secret', 'show', 'extra', '--json'],
        { env },
      )
      assert.deepEqual([code, stdout], [1, ''])
      const { error } = JSON.parse(stderr) as { error: { code: string; message: string } }
      assert.equal(error.code, 'FND_OPTION_INVALID')
      assert.match(error.message, /"extra" is one word too many/)
      const unknown = await project.foundation(['statsu', '--json'])
      assert.equal(unknown.code, 2)
      assert.match(unknown.stderr, /^\{"error":\{"message":"no command \\"statsu\\"; /)
    })
  })
})

describe('every command', () => {
  const commands = ['demo', 'run', 'status', 'doctor', 'explain', 'secret', 'import']

  it('has --help and --json, and is listed', async () => {
    await withProject(async (project) => {
      const { stdout } = await project.foundation(['--help'])
      const helps = commands.map((name) => project.foundation([name, '--help']))
      for (const [at, name] of commands.entries()) {
        assert.match(stdout, new RegExp(`^  ${name} `, 'm'))
        const help = (await helps[at]) ?? assert.fail()
        assert.equal(help.code, 0)
        assert.match(help.stdout, new RegExp(`^Usage: foundation ${name}`, 'm'))
        assert.match(help.stdout, /--json/)
      }
    })
  })

  it('fails in one readable line with a code, and no stack', async () => {
    await withProject(async (project) => {
      await project.settings({ clustr: true })
      const all = [
        ['explain'],
        ['status'],
        ['doctor'],
        ['import', 'nope.exs'],
        ['status', '--wach'],
        ['secret', 'shwo'],
        ['run'],
        ['run', 'no-such-script.js'],
      ]
      const ends = await Promise.all(all.map((args) => project.foundation(args)))
      for (const [at, { code, stdout, stderr }] of ends.entries()) {
        const args = all[at] ?? []
        assert.equal(code, 1, args.join(' '))
        assert.equal(stdout, '')
        assert.match(stderr, /^foundation: FND_\w+ [^\n]+\n$/, args.join(' '))
      }
      const unknown = await project.foundation(['stauts'])
      assert.deepEqual([unknown.code, unknown.stderr.split('\n').length], [2, 2])
    })
  })
})
