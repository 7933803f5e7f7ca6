// Draws the curve of `iauth_sim --curve FILE` as an SVG: requests per second over time, on a logarithmic scale.
//   node plot.js CURVE SVG "title"

import { readFileSync, writeFileSync } from 'node:fs';

const [curveFile, svgFile, title] = process.argv.slice(2);
const rows = readFileSync(curveFile, 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split(' ').map(Number));

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [960, 460, 78, 24, 84, 52];
const OUTAGE_S = 600;
const [first, last] = [rows[0][0], rows.at(-1)[0]];
const [low, high] = [2, 7]; // powers of ten

const x = (second) => LEFT + ((second - first) / (last - first)) * (WIDTH - LEFT - RIGHT);
const y = (rate) => {
  const power = Math.min(high, Math.max(low, Math.log10(Math.max(rate, 1))));
  return HEIGHT - BOTTOM - ((power - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
};
const path = (column) =>
  rows.map((row, i) => `${i ? 'L' : 'M'}${x(row[0]).toFixed(1)} ${y(row[column]).toFixed(1)}`).join('');
const text = (at, down, content, more = '') => `<text x="${at}" y="${down}" ${more}>${content}</text>`;

const grid = [];
for (let power = low; power <= high; power++) {
  const label = power < 3 ? `${10 ** power}` : power < 6 ? `${10 ** (power - 3)} k` : `${10 ** (power - 6)} M`;
  grid.push(
    `<path class="grid" d="M${LEFT} ${y(10 ** power)}H${WIDTH - RIGHT}"/>`,
    text(LEFT - 10, y(10 ** power) + 4, label, 'text-anchor="end"'),
  );
}
for (let minute = Math.ceil(first / 60); minute * 60 <= last; minute += 5)
  grid.push(text(x(minute * 60), HEIGHT - BOTTOM + 22, `${minute} min`, 'text-anchor="middle"'));

writeFileSync(
  svgFile,
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="${title}">
<style>
  .back { fill: #fff } .grid { stroke: #e3e5f0 } text { fill: #62667d } .title { fill: #1b1d2e; font-size: 17px; font-weight: 600 }
  .outage { fill: #c8323c; opacity: .07 } .ours { fill: none; stroke: #4f46e5; stroke-width: 2 } .plain { fill: none; stroke: #c98a1b; stroke-width: 1.5 }
</style>
<rect class="back" width="${WIDTH}" height="${HEIGHT}" rx="12"/>
${text(LEFT, 32, title, 'class="title"')}
<path class="ours" d="M${LEFT} 54h26"/>${text(LEFT + 34, 58, 'inbenta-auth')}
<path class="plain" d="M${LEFT + 150} 54h26"/>${text(LEFT + 184, 58, 'the same clients with a fixed timer and immediate retry')}
<rect class="outage" x="${x(0)}" y="${TOP}" width="${x(OUTAGE_S) - x(0)}" height="${HEIGHT - TOP - BOTTOM}"/>
${text((x(0) + x(OUTAGE_S)) / 2, TOP + 18, 'the server is away', 'text-anchor="middle"')}
${grid.join('\n')}
<path class="plain" d="${path(2)}"/>
<path class="ours" d="${path(1)}"/>
${text(LEFT, HEIGHT - 8, 'requests per second, logarithmic')}
</svg>
`,
);
