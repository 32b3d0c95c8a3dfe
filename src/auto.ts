/** `node --import foundation-ts/auto app.js`: a node from settings alone, before the app runs. */
import process from 'node:process'
import { isFoundationError } from './kernel/index.ts'
import { startAutoNode } from './node/index.ts'

try {
  await startAutoNode()
} catch (error) {
  if (!isFoundationError(error)) throw error
  process.stderr.write(`foundation: ${error.code} ${error.message}\n`)
  process.exit(1)
}
