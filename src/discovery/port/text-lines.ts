/** A stream of bytes as lines of text, within a bound. */
import { FoundationError } from '../../kernel/index.ts'

const lineFeed = 0x0a

/**
 * The lines of a stream, without their line feeds; a last line that was cut off is dropped, an
 * empty one is passed over.
 *
 * @throws {FoundationError} `FND_LIMIT_REACHED` when a line has more than `lineMaxBytes`.
 */
export async function* textLines(
  chunks: AsyncIterable<Uint8Array>,
  lineMaxBytes: number,
): AsyncGenerator<string, void, undefined> {
  let parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunks) {
    let rest = chunk
    for (let end = rest.indexOf(lineFeed); end !== -1; end = rest.indexOf(lineFeed)) {
      const line = Buffer.concat([...parts, rest.subarray(0, end)]).toString('utf8')
      ;[parts, size, rest] = [[], 0, rest.subarray(end + 1)]
      if (line.trim() !== '') yield line
    }
    parts.push(rest)
    size += rest.byteLength
    if (size > lineMaxBytes) {
      const limit = String(lineMaxBytes)
      throw new FoundationError('FND_LIMIT_REACHED', `A line has more than ${limit} bytes`)
    }
  }
}
