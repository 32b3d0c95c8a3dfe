/** The mesh engine: TLS links between all nodes. */
export type { CertificateCredentials, Credentials, PskCredentials } from './credentials.ts'
export { meshDefaults, meshRules, type HostPort, type MeshOptions } from './mesh-options.ts'
export * from './mesh.ts'
