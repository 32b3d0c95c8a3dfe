/** A trace as one HTML page with nothing to load: a lane for each process and kind, a bar for each slice. */
const width = 1200
const rowHeight = 18
const barsMax = 5000

const escaped = (text) => String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)

/** `events` in order of time. Of very many, the longest are drawn. */
export function pageOf(events) {
  const began = events[0]?.ts ?? 0
  const ended = events.reduce((latest, { ts, dur }) => Math.max(latest, ts + dur), began + 1)
  const scale = width / (ended - began)
  const lanes = [...new Set(events.map(({ pid, tid }) => `${pid} ${tid}`))].sort()
  const drawn = events.toSorted((a, b) => b.dur - a.dur).slice(0, barsMax)
  const bars = drawn.map(({ name, pid, tid, ts, dur }) => {
    const place = `x="${(ts - began) * scale}" y="${lanes.indexOf(`${pid} ${tid}`) * rowHeight}"`
    const hue = [...name].reduce((sum, sign) => sum + sign.charCodeAt(0) * 7, 0) % 360
    const size = `width="${Math.max(0.5, dur * scale)}" height="${rowHeight - 3}"`
    const title = `<title>${escaped(name)}: ${(dur / 1000).toFixed(2)} ms</title>`
    return `<rect ${place} ${size} fill="hsl(${hue} 60% 60% / 0.7)">${title}</rect>`
  })
  const labels = lanes.map(
    (lane, row) => `<text x="${width + 8}" y="${row * rowHeight + 13}">${escaped(lane)}</text>`,
  )
  return `<!doctype html><meta charset="utf-8"><title>trace</title>
<style>body { font: 13px system-ui } rect:hover { stroke: black }</style>
<p>${events.length} slices in ${((ended - began) / 1000).toFixed(0)} ms. Point at a bar.</p>
<svg width="${width + 250}" height="${lanes.length * rowHeight}">${bars.join('')}${labels.join('')}</svg>
`
}
