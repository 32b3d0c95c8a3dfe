/** Start options: where they come from, how they are checked, what topologies they become. */
export * from './modes.ts'
export * from './node-name.ts'
export * from './sources.ts'
export * from './start-options.ts'
