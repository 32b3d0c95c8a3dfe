/** The log port: pino-shaped, so a pino logger can be passed as it is. */

import { inspect } from 'node:util'

/** Fields first, then the sentence, as pino has it. */
export type LogMethod = (fields: Readonly<Record<string, unknown>>, message: string) => void

/** What Foundation logs to. */
export interface Log {
  /** A logger that adds these fields to every record. */
  child(fields: Readonly<Record<string, unknown>>): Log
  readonly debug: LogMethod
  readonly info: LogMethod
  readonly warn: LogMethod
  readonly error: LogMethod
}

/** Severity, lowest first. */
export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const
/** One of {@link logLevels}. */
export type LogLevel = (typeof logLevels)[number]

/** One line a record; `write` gets it without the line break. */
export interface ConsoleLogOptions {
  readonly level: LogLevel
  readonly write: (line: string) => void
  readonly fields?: Readonly<Record<string, unknown>>
}

/** A plain logger for people: `warn  foundation: message  key=value`. Silent below `level`. */
export function consoleLog(options: ConsoleLogOptions): Log {
  const from = logLevels.indexOf(options.level)
  const at = (level: LogLevel): LogMethod => {
    if (logLevels.indexOf(level) < from) return () => undefined
    return (fields, message) => {
      options.write(formatRecord(level, { ...options.fields, ...fields }, message))
    }
  }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => consoleLog({ ...options, fields: { ...options.fields, ...fields } }),
  }
}

/** Drops everything. */
export const silentLog: Log = consoleLog({ level: 'silent', write: () => undefined })

function formatRecord(level: LogLevel, fields: Record<string, unknown>, message: string): string {
  const pairs = Object.entries(fields).map(([key, value]) => `${key}=${formatValue(value)}`)
  return [`${level.padEnd(5)} foundation: ${message}`, ...pairs].join('  ')
}

function formatValue(value: unknown): string {
  if (value instanceof Error) return value.message
  return typeof value === 'string' ? value : inspect(value, { breakLength: Infinity })
}
