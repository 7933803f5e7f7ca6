// Horizontal bars, a panel for each column, as an SVG.

const [WIDTH, LABELS, TOP, ROW, GAP, PANEL_TOP] = [1120, 170, 92, 26, 14, 70];

const text = (x, y, content, more = '') => `<text x="${x.toFixed(1)}" y="${y}" ${more}>${content}</text>`;

/** One column as bars, `width` wide from `left`. */
function panel({ head, value, digits }, contenders, left, width) {
  const values = contenders.map(value);
  const most = Math.max(...values.filter((number) => number !== undefined));
  const rows = values.map((number, i) => {
    const y = TOP + i * ROW;
    if (number === undefined) return text(left, y + 15, '–');
    const length = Math.max(2, (number / most) * (width - 62));
    const bar = `<rect class="${contenders[i].ours ? 'ours' : 'other'}" x="${left.toFixed(1)}" y="${y + 3}" width="${length.toFixed(1)}" height="${ROW - 9}" rx="2"/>`;
    return (
      bar + text(left + length + 6, y + 16, number.toFixed(digits).replace(/\B(?=(\d{3})+$)/g, ' '), 'class="value"')
    );
  });
  return [text(left, PANEL_TOP, head, 'class="head"'), ...rows].join('\n');
}

/**
 * @param {string} title
 * @param {{label: string, ours?: boolean}[]} contenders
 * @param {{head: string, value: (contender: object) => number | undefined, digits: number}[]} columns
 */
export function plot(title, contenders, columns) {
  const height = TOP + contenders.length * ROW + 24;
  const width = (WIDTH - LABELS - 24) / columns.length;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="${title}">
<style>
  .back { fill: #fff } text { fill: #62667d } .title { fill: #1b1d2e; font-size: 17px; font-weight: 600 } .head { font-weight: 600 }
  .value { fill: #1b1d2e } .ours { fill: #4f46e5 } .other { fill: #c9cbe0 }
</style>
<rect class="back" width="${WIDTH}" height="${height}" rx="12"/>
${text(24, 36, title, 'class="title"')}
${contenders.map(({ label, ours }, i) => text(24, TOP + i * ROW + 16, label, ours ? 'class="value"' : '')).join('\n')}
${columns.map((column, i) => panel(column, contenders, LABELS + 24 + i * width, width - GAP)).join('\n')}
</svg>
`;
}
