// Runs before the first paint: the chosen theme, else the system's (which the style sheet follows by itself).
(function () {
  "use strict";
  try {
    var kept = localStorage.getItem("jx-wallet-theme");
    if (kept === "light" || kept === "dark") { document.documentElement.dataset.theme = kept; }
  } catch (_) { /* a private window keeps nothing */ }
})();
