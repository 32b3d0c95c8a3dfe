/** `foundation secret new | show | fingerprint`: the cluster secret of this user. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { FoundationError, resolveKeyring, secretFilePath, systemHost } from '../kernel/index.ts'
import { parseCommand, type Command, type CommandContext } from './core/command.ts'

type Action = (context: CommandContext, isJson: boolean) => Promise<void>

const actions: Readonly<Record<string, Action>> = {
  new: ({ print }, isJson) => {
    const secret = randomBytes(32).toString('base64url')
    print(isJson ? JSON.stringify({ secret }) : secret)
    return Promise.resolve()
  },
  fingerprint: async ({ env, print }, isJson) => {
    const { keyring, origin } = await keyringOf(env)
    const { fingerprint } = keyring
    print(isJson ? JSON.stringify({ fingerprint, origin }) : `${fingerprint}  (from ${origin})`)
  },
  show: async ({ env, print }, isJson) => {
    const given = env['FOUNDATION_SECRET']
    await keyringOf(env)
    const secret = given ?? (await readFile(secretFilePath(env), 'utf8')).trim()
    print(isJson ? JSON.stringify({ secret }) : secret)
  },
}

/** See `foundation secret --help`. */
export const secretCommand: Command = {
  summary: 'make, show or compare the cluster secret',
  usage: `foundation secret new | show | fingerprint [--json]

  new          prints a fresh secret; put it into FOUNDATION_SECRET on every machine
  show         prints the secret in use, to copy it to another machine
  fingerprint  prints a short text: equal on two machines means the same secret`,
  async run(context) {
    const { values, positionals } = parseCommand(context.args, { options: {}, most: 1 })
    const action = actions[positionals[0] ?? '']
    if (!action) {
      throw new FoundationError(
        'FND_OPTION_INVALID',
        'expected: foundation secret new | show | fingerprint',
      )
    }
    await action(context, values.json)
    return 0
  },
}

function keyringOf(env: CommandContext['env']): ReturnType<typeof resolveKeyring> {
  return resolveKeyring({ env, randomBytes: (count) => systemHost.randomBytes(count) })
}
