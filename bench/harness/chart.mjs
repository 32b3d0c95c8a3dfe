/** A line chart with logarithmic axes as SVG text. */

const width = 640
const height = 400
const frame = { left: 70, right: 20, top: 40, bottom: 50 }
const colours = ['#1f6feb', '#d1242f', '#1a7f37']

/**
 * @param {{ title: string, x: string, y: string,
 *   series: { name: string, points: [number, number][] }[] }} what
 * @returns {string}
 */
export function chart({ title, x, y, series }) {
  const all = series.flatMap(({ points }) => points)
  const toX = scale(
    all.map(([at]) => at),
    frame.left,
    width - frame.right,
  )
  const toY = scale(
    all.map(([, value]) => value),
    height - frame.bottom,
    frame.top,
  )
  const parts = [
    `<text x="${width / 2}" y="22" text-anchor="middle" font-size="15">${title}</text>`,
    ...ticks(toX.decades).map((at) => verticalLine(toX.at(at), label(at))),
    ...ticks(toY.decades).map((at) => horizontalLine(toY.at(at), label(at))),
    ...series.flatMap((one, index) => line(one, { toX, toY, index })),
    `<text x="${width / 2}" y="${height - 10}" text-anchor="middle">${x}</text>`,
    `<text transform="translate(16 ${height / 2}) rotate(-90)" text-anchor="middle">${y}</text>`,
  ]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    '<rect width="100%" height="100%" fill="white"/>',
    ...parts,
    '</svg>\n',
  ].join('\n')
}

function scale(values, from, to) {
  const low = Math.floor(Math.log10(Math.min(...values)))
  const high = Math.ceil(Math.log10(Math.max(...values)))
  const at = (value) =>
    Math.round((from + ((Math.log10(value) - low) / (high - low)) * (to - from)) * 10) / 10
  return { at, decades: [low, high] }
}

function ticks([low, high]) {
  return Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index))
}

function label(value) {
  if (value >= 1e6) return `${value / 1e6} M`
  return value >= 1e3 ? `${value / 1e3} k` : String(value)
}

function verticalLine(at, text) {
  return `<path d="M${at} ${frame.top}V${height - frame.bottom}" stroke="#ddd"/><text x="${at}" y="${height - frame.bottom + 16}" text-anchor="middle">${text}</text>`
}

function horizontalLine(at, text) {
  return `<path d="M${frame.left} ${at}H${width - frame.right}" stroke="#ddd"/><text x="${frame.left - 6}" y="${at + 4}" text-anchor="end">${text}</text>`
}

function line({ name, points }, { toX, toY, index }) {
  const colour = colours[index % colours.length]
  const path = points.map(([x, y]) => `${toX.at(x)} ${toY.at(y)}`).join('L')
  const [lastX, lastY] = points.at(-1)
  return [
    `<path d="M${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...points.map(
      ([x, y]) => `<circle cx="${toX.at(x)}" cy="${toY.at(y)}" r="3" fill="${colour}"/>`,
    ),
    `<text x="${toX.at(lastX) - 8}" y="${toY.at(lastY) - 10}" text-anchor="end" fill="${colour}">${name}</text>`,
  ]
}
