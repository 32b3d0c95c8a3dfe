/** The port to the file that outlives the process. The real one is `disk-file.ts`; tests have others. */

/** An open file that only this process writes. Every call rejects when the system refuses. */
export interface ConfigFile {
  /** Everything in it. */
  read(): Promise<Uint8Array>
  /** Writes at an offset and returns once it is on the disk. */
  write(bytes: Uint8Array, offset: number): Promise<void>
  /** Cuts the file to a length. */
  truncate(length: number): Promise<void>
  /** Everything anew, at once or not at all, and on the disk when it returns. */
  replace(bytes: Uint8Array): Promise<void>
  close(): Promise<void>
}

/** Opens, or makes, the file at a path. */
export type OpenConfigFile = (path: string) => Promise<ConfigFile>
