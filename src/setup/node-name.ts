/** Names a node when its user did not. */
import { hostname } from 'node:os'
import type { Host } from '../kernel/index.ts'

/** Crockford's base 32 without letters that look like digits. @source https://www.crockford.com/base32.html */
const base32 = '0123456789abcdefghjkmnpqrstvwxyz'

function randomBase32(host: Host, length: number): string {
  return [...host.randomBytes(length)].map((byte) => base32[byte % 32]).join('')
}

/** `<app>-<4 random letters>@<hostname>`; a scoped package name loses its scope. */
export function defaultNodeName(app: string, host: Host): string {
  const short = app.slice(app.lastIndexOf('/') + 1)
  return `${short}-${randomBase32(host, 4)}@${hostname().replaceAll(/\s/g, '')}`.slice(0, 128)
}

/** Start time, then a random tail: a later one sorts after an earlier one. */
export function newIncarnation(host: Host): string {
  const started = Math.floor(host.wallClockMs()).toString(36).padStart(9, '0')
  return `${started}-${randomBase32(host, 8)}`
}
