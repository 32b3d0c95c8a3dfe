/** An operator, an account and users of a NATS server, as `nsc` makes them: keys and signed claims. */
import { createHash } from 'node:crypto'
import { nkeys } from '@nats-io/transport-node'

type KeyPair = ReturnType<typeof nkeys.createUser>

/** What a server of that operator is configured with, and how a user comes in. */
export interface OperatorSetup {
  readonly config: string
  /** Content of a `.creds` file. */
  credentials(): string
}

const noLimit = -1

/** A new operator with one account. */
export function makeOperator(): OperatorSetup {
  const operator = nkeys.createOperator()
  const account = nkeys.createAccount()
  const limits = { subs: noLimit, data: noLimit, payload: noLimit, conn: noLimit, leaf: noLimit }
  const more = { imports: noLimit, exports: noLimit, wildcards: true }
  const accountClaims = { type: 'account', version: 2, limits: { ...limits, ...more } }
  const accountJwt = signed(operator, account, accountClaims)
  return {
    config: [
      `operator: ${signed(operator, operator, { type: 'operator', version: 2 })}`,
      'resolver: MEMORY',
      `resolver_preload: { ${account.getPublicKey()}: ${accountJwt} }`,
    ].join('\n'),
    credentials: () => {
      const user = nkeys.createUser()
      const { subs, data, payload } = limits
      const jwt = signed(account, user, { type: 'user', version: 2, subs, data, payload })
      return credentialsOf(jwt, user)
    },
  }
}

/** Claims about a key, signed by who stands above it. @source the JWT of NATS, version 2 */
function signed(issuer: KeyPair, subject: KeyPair, nats: object): string {
  const [iss, sub] = [issuer.getPublicKey(), subject.getPublicKey()]
  const claims = { iat: Math.floor(Date.now() / 1000), iss, name: 'test', nats, sub }
  const jti = createHash('sha256').update(JSON.stringify(claims)).digest('hex').toUpperCase()
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const body = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part({ ...claims, jti })}`
  return `${body}.${Buffer.from(issuer.sign(Buffer.from(body))).toString('base64url')}`
}

function credentialsOf(jwt: string, user: KeyPair): string {
  const seed = Buffer.from(user.getSeed()).toString()
  return [
    '-----BEGIN NATS USER JWT-----',
    jwt,
    '------END NATS USER JWT------',
    '',
    '-----BEGIN USER NKEY SEED-----',
    seed,
    '------END USER NKEY SEED------',
    '',
  ].join('\n')
}
