"use strict";
// Paper is as wide as no window is: charts are drawn again for it, and back.
(() => {
  const charts = () => Array.from(document.querySelectorAll(".plotly-graph-div"));
  const paper = 690;
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((one) => { one.open = true; });
    charts().forEach((chart) => Plotly.relayout(chart, { width: paper, autosize: false }));
  });
  window.addEventListener("afterprint", () => {
    charts().forEach((chart) => Plotly.relayout(chart, { width: null, autosize: true }));
  });
})();
