// Plots for the managers' pages. The table beside each plot is the data; this only draws it.
(() => {
  "use strict";
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const column = (rows, index) => rows.map((row) => {
    const text = row.cells[index].textContent.trim();
    return text === "" ? null : Number(text);
  });

  const draw = (place) => {
    const table = document.getElementById(place.dataset.table);
    const rows = [...table.tBodies[0].rows];
    const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
    const values = heads.slice(1).map((_, index) => column(rows, index + 1));
    const empty = values.every((one) => one.every((value) => value === null));
    place.hidden = empty;
    document.getElementById(`${place.id}-empty`).hidden = !empty;
    if (empty) return;
    const times = rows.map((row) => Number(row.cells[0].dataset.at));
    const ink = style("--ink-2"), line = style("--line");
    const colours = [style("--accent"), style("--p2"), style("--p3")];
    const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "12px sans-serif" };
    const language = document.documentElement.lang;
    const long = times.at(-1) - times[0] > 2 * 86400;
    const zone = { timeZone: place.dataset.timezone };
    const label = new Intl.DateTimeFormat(language, { ...zone, ...(long ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }) });
    const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
    const share = place.dataset.unit === "%", bars = "bars" in place.dataset;
    const few = times.length < 60;
    const series = (title, index) => ({
      label: title, stroke: colours[index], width: 2, spanGaps: !bars, value: (_, value) => value == null ? "–" : number.format(value),
      fill: index === 0 || bars ? colours[index] + (bars ? "66" : "22") : undefined,
      points: { show: few && !bars, size: 6, fill: colours[index] },
      paths: bars ? uPlot.paths.bars({ size: [0.72 - 0.3 * index, 64] }) : undefined,
    });
    place.replaceChildren();
    new uPlot({
      width: place.clientWidth,
      height: place.clientWidth < 600 ? 220 : 280,
      cursor: { points: { size: 9 } },
      legend: { live: true },
      scales: { y: { range: (_, __, max) => share ? [0, 100] : [0, Math.max(1, max * 1.1)] } },
      axes: [
        { ...axis, space: 72, values: (_, ticks) => ticks.map((tick) => label.format(tick * 1000)) },
        { ...axis, size: 60, values: (_, ticks) => ticks.map((tick) => `${number.format(tick)} ${place.dataset.unit}`.trim()) },
      ],
      series: [
        { label: heads[0], value: (_, value) => value == null ? "–" : new Intl.DateTimeFormat(language, { ...zone, dateStyle: "medium", timeStyle: "short", hourCycle: "h23" }).format(value * 1000) },
        ...heads.slice(1).map(series),
      ],
    }, [times, ...values], place);
  };

  const all = () => document.querySelectorAll(".plot").forEach(draw);
  let waiting = null;
  addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(all, 150); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
  document.addEventListener("DOMContentLoaded", all);
})();
