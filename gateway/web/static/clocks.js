// Clocks that count: the server writes the words once, this keeps them true.
(() => {
  "use strict";
  const late = document.documentElement.lang === "sv" ? "sen %s" : "late %s";
  const written = (milliseconds) => {
    const seconds = Math.round(Math.abs(milliseconds) / 1000);
    const minutes = Math.floor(seconds / 60), hours = Math.floor(seconds / 3600), days = Math.floor(seconds / 86400);
    if (seconds < 60) return `${seconds} s`;
    if (minutes < 60) return `${minutes} min`;
    if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
    return `${days} d ${hours % 24} h`;
  };
  const tick = () => {
    for (const clock of document.querySelectorAll("time[data-due]")) {
      const left = new Date(clock.dateTime) - Date.now();
      const text = left < 0 ? late.replace("%s", written(left)) : written(left);
      if (clock.textContent !== text) clock.textContent = text;
      clock.classList.toggle("late", left < 0);
      clock.classList.toggle("soon", left >= 0 && left < 15 * 60e3);
    }
  };
  setInterval(tick, 1000);
  document.addEventListener("DOMContentLoaded", tick);
  document.addEventListener("htmx:after:swap", tick);
})();
