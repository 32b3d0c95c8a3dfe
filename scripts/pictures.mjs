/**
 * The pictures of docs/: each docs/pictures/NAME.json (boxes, arrows, notes) becomes NAME.svg beside it.
 * `node scripts/pictures.mjs` writes them; a test compares.
 *
 * - box: `{ id, at: [x, y], size: [width, height], text, tone? }`; the first line of `text` is bold.
 * - arrow: `{ from, to, text?, tone?, dashed?, both? }`; an end is a box's id, `"id:side@fraction"` with side
 *   `left`, `right`, `top` or `bottom`, or a point `[x, y]`.
 * - note: `{ at: [x, y], text }`.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../docs/pictures/', import.meta.url))

const tones = {
  plain: ['#ffffff', '#57606a'],
  node: ['#ddf4ff', '#0969da'],
  good: ['#dafbe1', '#1a7f37'],
  warm: ['#fff8c5', '#9a6700'],
  hot: ['#ffebe9', '#cf222e'],
}

const style = `text { font: 13px system-ui, sans-serif; fill: #1f2328 } .title { font-weight: 600 } .small { font-size: 12px; fill: #57606a }`

/** Every picture: name and svg. */
export function pictures() {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => {
      const name = path.basename(file, '.json')
      return { name, svg: svgOf(JSON.parse(readFileSync(path.join(folder, file), 'utf8'))) }
    })
}

function svgOf({ title, size: [width, height], boxes = [], arrows = [], notes = [] }) {
  const byId = new Map(boxes.map((box) => [box.id, box]))
  const parts = [
    ...boxes.map(boxOf),
    ...arrows.map((arrow) => arrowOf(arrow, byId)),
    ...notes.map(({ at: [x, y], text }) => lines(text, { x, y, className: 'small' })),
  ]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escape(title)}</title>
<style>${style}</style>
<defs>${Object.entries(tones).map(markerOf).join('')}</defs>
<rect width="${width}" height="${height}" rx="8" fill="#f6f8fa"/>
${parts.join('\n')}
</svg>
`
}

function markerOf([tone, [, line]]) {
  return `<marker id="head-${tone}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0 8 4 0 8z" fill="${line}"/></marker>`
}

function boxOf({ at: [x, y], size: [width, height], text, tone = 'plain' }) {
  const [fill, line] = tones[tone]
  const rect = `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" fill="${fill}" stroke="${line}"/>`
  return `${rect}\n${lines(text, { x: x + 10, y: y + 19, className: 'title' })}`
}

/** The first line has the class, the others are small. */
function lines(text, { x, y, className, anchor = 'start' }) {
  return text
    .split('\n')
    .map((line, index) => {
      const kind = index === 0 ? className : 'small'
      return `<text x="${x}" y="${y + index * 17}" text-anchor="${anchor}" class="${kind}">${escape(line)}</text>`
    })
    .join('\n')
}

function arrowOf({ from, to, text = '', tone = 'plain', dashed = false, both = false }, boxes) {
  const [x1, y1] = pointOf(from, boxes)
  const [x2, y2] = pointOf(to, boxes)
  const dash = dashed ? ' stroke-dasharray="5 4"' : ''
  const start = both ? ` marker-start="url(#head-${tone})"` : ''
  const line = `<path d="M${x1} ${y1} ${x2} ${y2}" fill="none" stroke="${tones[tone][1]}" stroke-width="1.5"${dash}${start} marker-end="url(#head-${tone})"/>`
  const rows = text.split('\n').length
  const y = (y1 + y2) / 2 - 6 - (rows - 1) * 17
  const label = lines(text, { x: (x1 + x2) / 2, y, className: 'small', anchor: 'middle' })
  return text === '' ? line : `${line}\n${label}`
}

/** `[x, y]`, or a place on the edge of a box. */
function pointOf(end, boxes) {
  if (Array.isArray(end)) return end
  const [, id, side = 'right', fraction = '0.5'] = /^([^:]+)(?::(\w+)(?:@([\d.]+))?)?$/.exec(end)
  const box = boxes.get(id)
  if (!box) throw new Error(`no box "${id}"`)
  const {
    at: [x, y],
    size: [width, height],
  } = box
  const along = Number(fraction)
  const places = {
    left: [x, y + height * along],
    right: [x + width, y + height * along],
    top: [x + width * along, y],
    bottom: [x + width * along, y + height],
  }
  return places[side].map((value) => Math.round(value))
}

function escape(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { name, svg } of pictures()) writeFileSync(path.join(folder, `${name}.svg`), svg)
}
