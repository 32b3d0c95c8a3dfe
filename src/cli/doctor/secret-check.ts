/** The secret: whether there is one, and the fingerprint to compare. */
import { isFoundationError } from '../../kernel/index.ts'
import type { Check } from './check.ts'

/** Reads the secret as a node does. */
export const secretCheck: Check = {
  name: 'secret',
  async run({ settings, keyring }) {
    if (settings.options['tls']?.value !== undefined) {
      return [{ level: 'ok', text: 'certificates instead of a secret' }]
    }
    try {
      const { keyring: found, origin } = await keyring()
      return [{ level: 'ok', text: `fingerprint ${found.fingerprint} (from ${origin})` }]
    } catch (error) {
      if (!isFoundationError(error)) throw error
      return [{ level: 'fail', text: error.message }]
    }
  },
}
