/** Certificates for tests, made with the `openssl` command. No tests. */
import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The reason to skip tests that need certificates; false when they can run. */
export const skipWithoutOpenssl: string | false =
  spawnSync('openssl', ['version']).status === 0 ? false : 'the openssl command is missing'

/** A certificate and its key, PEM. */
export interface Issued {
  readonly cert: string
  readonly key: string
}

/** An authority that issues certificates for tests. */
export interface Authority {
  readonly ca: string
  /** @param san as openssl writes it: `DNS:a,URI:spiffe://shop/a`; empty for none */
  issue(san: string): Promise<Issued>
}

const folders: string[] = []
after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true })
})

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']

/** A new authority in a temporary folder that goes away after the tests. */
export async function authority(): Promise<Authority> {
  const folder = await mkdtemp(path.join(tmpdir(), 'foundation-ca-'))
  folders.push(folder)
  const file = (name: string): string => path.join(folder, name)
  const out = (name: string): string[] => ['-keyout', file(`${name}.key`), '-out', file(name)]
  await run('openssl', ['req', '-x509', ...newKey, '-subj', '/CN=ca', ...out('ca')])
  let issued = 0
  return {
    ca: await readFile(file('ca'), 'utf8'),
    async issue(san) {
      issued += 1
      const name = `node-${String(issued)}`
      await run('openssl', ['req', ...newKey, '-subj', '/CN=node', ...out(`${name}.csr`)])
      await writeFile(file('san'), san === '' ? '' : `subjectAltName=${san}\n`)
      const signer = ['-CA', file('ca'), '-CAkey', file('ca.key'), '-set_serial', String(issued)]
      const request = ['-req', '-in', file(`${name}.csr`), '-extfile', file('san'), '-days', '2']
      await run('openssl', ['x509', ...request, ...signer, '-out', file(name)])
      const key = await readFile(file(`${name}.csr.key`), 'utf8')
      return { cert: await readFile(file(name), 'utf8'), key }
    },
  }
}
