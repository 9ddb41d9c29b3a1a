// Runs before the first paint: the chosen theme, else the system's. Kept in this browser only.
(function () {
  "use strict";
  var root = document.documentElement;
  var system = window.matchMedia("(prefers-color-scheme: dark)");
  function chosen() {
    try { return localStorage.getItem("jx-theme") || "auto"; } catch (_) { return "auto"; }
  }
  function apply() {
    var choice = chosen();
    root.dataset.bsTheme = choice === "auto" ? (system.matches ? "dark" : "light") : choice;
    root.dataset.themeChoice = choice;
  }
  apply();
  system.addEventListener("change", apply);
  window.jxTheme = function (choice) {
    try { localStorage.setItem("jx-theme", choice); } catch (_) { /* private window: lasts for this page */ }
    apply();
    root.dataset.themeChoice = choice;
    if (choice !== "auto") { root.dataset.bsTheme = choice; }
  };
})();
