/**
 * For tests of programs that use Foundation, and for its own: networks in memory, virtual time,
 * contract suites.
 */
export * from './chance.ts'
export * from './describe-strategy.ts'
export * from './describe-transport.ts'
export * from './network.ts'
export * from './start-node.ts'
export * from './waiting/until.ts'
export * from './virtual-host.ts'
