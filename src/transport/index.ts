/** Links between nodes: the port, the router, and the engines. */
export * from './port/port.ts'
export * from './router.ts'
export * from './memory/index.ts'
export * from './mesh/index.ts'
