"use strict";
// Charts follow the room that they have, whatever changes it; paper is a room that no window tells of.
(() => {
  const charts = Array.from(document.querySelectorAll(".plotly-graph-div"));
  const paper = (chart) => (chart.closest("figure").classList.contains("wide") ? 690 : 335);
  const fit = (chart, width) => {
    if (width > 0 && Math.abs(width - chart._fullLayout.width) >= 1) Plotly.relayout(chart, { width: width });
  };
  const room = new ResizeObserver((entries) => {
    entries.forEach((entry) => fit(entry.target.querySelector(".plotly-graph-div"), entry.contentRect.width));
  });
  charts.forEach((chart) => room.observe(chart.closest("figure")));
  window.addEventListener("beforeprint", () => {
    room.disconnect();
    document.querySelectorAll("details").forEach((one) => { one.open = true; });
    charts.forEach((chart) => fit(chart, paper(chart)));
  });
  window.addEventListener("afterprint", () => {
    charts.forEach((chart) => room.observe(chart.closest("figure")));
  });
})();
