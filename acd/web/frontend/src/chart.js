// The curve of the day, drawn from the table that stands beside it. Drawn again when the table, the size or the colours
// change; nothing moves.
import uPlot from "uplot";

let plot = null;
let host = null;
let drawn = ""; // the table as it was drawn last

const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const number = (text) => (text === "" ? null : Number(text));

function read(table) {
  const labels = [];
  const columns = [[], [], [], []];
  for (const row of table.tBodies[0].rows) {
    const values = row.dataset.values.split(" ")[1].split(",");
    labels.push(row.cells[0].textContent);
    columns.forEach((column, i) => column.push(number(values[i])));
  }
  return { labels, columns };
}

function bars(fill) {
  return { fill, width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.8, 100] }) };
}

function line(stroke, dash) {
  return { stroke, dash, width: Math.max(2, rem() / 7), points: { show: false }, paths: uPlot.paths.spline() };
}

function options(labels, width, height) {
  const size = rem();
  const font = `${0.75 * size}px Inter, sans-serif`;
  const axis = { font, stroke: colour("--soft"), ticks: { show: false } };
  // As many labels as fit, on full hours.
  const every = Math.ceil((labels.length * 3.4 * size) / width);
  const shown = (i) => labels[i]?.endsWith(":00") && (i / 2) % Math.max(1, Math.ceil(every / 2)) < 1;
  return {
    width,
    height,
    padding: [0.5 * size, 0.25 * size, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    select: { show: false },
    scales: { x: { time: false, range: [-0.6, labels.length - 0.4] }, y: { range: (u, low, high) => [0, Math.max(4, high * 1.08)] } },
    axes: [
      {
        ...axis,
        size: 1.375 * size,
        gap: 0.25 * size,
        grid: { show: false },
        splits: () => labels.map((_, i) => i).filter(shown),
        values: (u, at) => at.map((i) => labels[i]),
      },
      {
        ...axis,
        size: 2.25 * size,
        gap: 0.25 * size,
        space: 1.5 * size,
        incrs: [1, 2, 5, 10, 20, 40, 50, 100, 200, 400, 500, 1000],
        grid: { stroke: colour("--edge"), width: 1 },
      },
    ],
    series: [
      {},
      bars(colour("--bar-joined")),
      bars(colour("--bar-answered")),
      line(colour("--curve-expected"), []),
      line(colour("--curve-usual"), [0.35 * size, 0.35 * size]),
    ],
  };
}

export function drawCurve() {
  const table = document.getElementById("curve-data");
  const place = document.getElementById("curve-plot");
  if (!table || !place) {
    plot?.destroy();
    [plot, host, drawn] = [null, null, ""];
    return;
  }
  if (place !== host) {
    host = place;
    new ResizeObserver(drawCurve).observe(host);
  }
  const [width, height] = [host.clientWidth, host.clientHeight];
  const { labels, columns } = read(table);
  const now = JSON.stringify([labels, columns, width, height, colour("--curve-expected"), rem()]);
  if (now === drawn || !width || !height) return;
  drawn = now;
  plot?.destroy();
  plot = new uPlot(options(labels, width, height), [labels.map((_, i) => i), ...columns], host);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawCurve);
document.fonts.ready.then(() => {
  drawn = "";
  drawCurve();
});
