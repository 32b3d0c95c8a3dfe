/** What supervisors tell each other without being asked. */
import { integer, message, messageCodes, object, string, type Message } from '../wire/index.ts'
import type { ViewReport } from './core/view.ts'

/** A node's present view; see {@link ViewReport}. */
export const childView: Message<ViewReport> = message(
  messageCodes.childView,
  object({ hash: string(64), sequence: integer(0) }),
)
