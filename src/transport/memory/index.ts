/** The memory engine: the transport port inside one process, with faults. For tests and simulation. */
export type { Delay } from './faults.ts'
export * from './hub.ts'
export { memoryDefaults, memoryRules, type BytesByClass, type MemoryOptions } from './options.ts'
