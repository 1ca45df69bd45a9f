// The few shapes that the pictures are made of.

export const COLORS = {
  paper: '#ffffff',
  ink: '#1f2933',
  quiet: '#6b7785',
  grid: '#e3e8ee',
  old: '#d64545',
  ours: '#2f7d5b',
  other: '#9aa5b1',
}

/** @param {string} text */
const escapeText = (text) => String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;')

/**
 * @param {number} width
 * @param {number} height
 * @param {string} title read to those who don't see it
 * @param {string[]} shapes
 */
export function svg(width, height, title, shapes) {
  // On paper of its own: READMEs are read on dark pages too.
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"
  role="img" font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif">
<title>${escapeText(title)}</title>
<rect width="${width}" height="${height}" rx="8" fill="${COLORS.paper}"/>
${shapes.join('\n')}
</svg>
`
}

/** @param {number} x @param {number} y @param {string} content */
export function text(x, y, content, { size = 13, color = COLORS.ink, anchor = 'start', weight = 400 } = {}) {
  const style = `font-size="${size}" fill="${color}" text-anchor="${anchor}" font-weight="${weight}"`
  return `<text x="${round(x)}" y="${round(y)}" ${style}>${escapeText(content)}</text>`
}

/** @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 */
export function line(x1, y1, x2, y2, color = COLORS.grid) {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${color}"/>`
}

/** @param {number} x @param {number} y @param {number} width @param {number} height @param {string} color */
export function bar(x, y, width, height, color) {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${height}" rx="2" fill="${color}"/>`
}

/** @param {[number, number][]} points @param {string} color */
export function area(points, color) {
  const path = points.map(([x, y]) => `${round(x)} ${round(y)}`).join(' L')
  return `<path d="M${path} Z" fill="${color}" fill-opacity="0.85" stroke="${color}" stroke-width="0.5"/>`
}

/** @param {[number, number][]} points @param {string} color */
export function curve(points, color) {
  const path = points.map(([x, y]) => `${round(x)} ${round(y)}`).join(' L')
  return `<path d="M${path}" fill="none" stroke="${color}" stroke-width="1.2" stroke-linejoin="round"/>`
}

/** @param {number} value */
export const round = (value) => Math.round(value * 10) / 10
