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
    const empty = rows.every((row) => row.cells[1].textContent.trim() === "");
    place.hidden = empty;
    document.getElementById(`${place.id}-empty`).hidden = !empty;
    if (empty) return;
    const times = rows.map((row) => Number(row.cells[0].dataset.at));
    const ink = style("--ink-2"), line = style("--line"), accent = style("--accent"), high = style("--p2");
    const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "12px sans-serif" };
    const language = document.documentElement.lang;
    const long = times.at(-1) - times[0] > 2 * 86400;
    const zone = { timeZone: place.dataset.timezone };
    const label = new Intl.DateTimeFormat(language, { ...zone, ...(long ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit" }) });
    const series = (index, stroke, fill) => ({ label: heads[index], stroke, fill, width: 2, spanGaps: false, points: { size: 7, fill: stroke }, value: (_, value) => value ?? "–" });
    place.replaceChildren();
    new uPlot({
      width: place.clientWidth,
      height: 300,
      cursor: { points: { size: 9 } },
      legend: { live: true },
      scales: { y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] } },
      axes: [
        { ...axis, values: (_, ticks) => ticks.map((tick) => label.format(tick * 1000)) },
        { ...axis, size: 56, values: (_, ticks) => ticks.map((tick) => `${tick} ${place.dataset.unit}`) },
      ],
      series: [
        { label: heads[0], value: (_, value) => value == null ? "–" : new Intl.DateTimeFormat(language, { ...zone, dateStyle: "medium", timeStyle: "short" }).format(value * 1000) },
        series(1, accent, accent + "22"),
        series(2, high),
      ],
    }, [times, column(rows, 1), column(rows, 2)], place);
  };

  const all = () => document.querySelectorAll(".plot").forEach(draw);
  let waiting = null;
  addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(all, 150); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
  document.addEventListener("DOMContentLoaded", all);
})();
