import assert from 'node:assert/strict'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { secretCommand } from './secret.ts'

describe('foundation secret', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'foundation-secret-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  async function run(args: string[], env: Record<string, string> = {}): Promise<string> {
    const lines: string[] = []
    const print = (line: string): unknown => lines.push(line)
    const context = {
      args,
      env: { XDG_CONFIG_HOME: folder, ...env },
      workingFolder: folder,
      print,
      hasColour: false,
    }
    assert.equal(await secretCommand.run(context), 0)
    return lines.join('\n')
  }

  it('new prints a fresh secret each time and keeps none', async () => {
    const [first, second] = [await run(['new']), await run(['new'])]
    assert.match(first, /^[\w-]{43}$/)
    assert.notEqual(first, second)
    await assert.rejects(stat(path.join(folder, 'foundation', 'secret')))
  })

  it('show prints the secret in use, and its fingerprint is that of the same secret elsewhere', async () => {
    const secret = await run(['show'])
    const here = JSON.parse(await run(['fingerprint', '--json'])) as { fingerprint: string }
    const there = await run(['fingerprint'], { FOUNDATION_SECRET: secret })
    assert.equal(there, `${here.fingerprint}  (from FOUNDATION_SECRET)`)
    assert.equal(await run(['show'], { FOUNDATION_SECRET: secret }), secret)
  })

  it('refuses other words, and says which there are', async () => {
    await assert.rejects(run(['shwo']), {
      code: 'FND_OPTION_INVALID',
      message: /new \| show \| fingerprint/,
    })
  })
})
