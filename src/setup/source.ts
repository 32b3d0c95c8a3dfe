/** What one place that options come from says. */

/** Options one source gives, and what to call that source for each. */
export interface Source {
  readonly values: Readonly<Record<string, unknown>>
  /** Option name to `argument`, the variable's name, or the file's path. */
  readonly origins: Readonly<Record<string, string>>
}

/** A source that says nothing. */
export const nothing: Source = { values: {}, origins: {} }

/** A source whose options all come from one place. `undefined` counts as not given. */
export function sourceFrom(origin: string, values: object): Source {
  const given = Object.entries(values).filter(([, value]) => value !== undefined)
  return {
    values: Object.fromEntries(given),
    origins: Object.fromEntries(given.map(([key]) => [key, origin])),
  }
}
