/** Foundation: several Node.js processes, one encrypted cluster. The root door. */
export {
  errorCodes,
  FoundationError,
  isFoundationError,
  RemoteError,
  type ErrorCode,
  type Log,
  type WaitOptions,
} from './kernel/index.ts'
export * from './node/index.ts'
export type { Member, MemberCause, MemberStatus } from './membership/index.ts'
