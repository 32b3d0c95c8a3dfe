/** Start options: where they come from, how they are checked, what topologies they become. */
export { defaultSharedPort } from './shared-port.ts'
export { environmentVariables } from './environment.ts'
export { listenEndpoint } from './listen.ts'
export * from './modes.ts'
export * from './node-name.ts'
export * from './sources.ts'
export * from './start-options.ts'
