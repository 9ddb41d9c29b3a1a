// What the console does in the browser beside htmx: the live pill, falling back to polling, theme, keys.
(function () {
  "use strict";
  var POLL_MS = 10000;       // without a stream: how often to ask
  var BEAT_LIMIT_MS = 40000; // the server beats every 15 s; two missed beats and a bit: the stream is dead
  var root = document.documentElement;
  var pill = document.getElementById("live-pill");
  var live = { open: false, heard: Date.now(), at: pill ? pill.dataset.at : "" };

  function show(state) {
    if (!pill) { return; }
    pill.querySelectorAll("[data-stale-at]").forEach(function (el) {
      if (el.textContent !== live.at) { el.textContent = live.at; }
    });
    if (pill.dataset.state === state) { return; }
    pill.dataset.state = state;
    pill.querySelectorAll("[data-when]").forEach(function (el) { el.hidden = el.dataset.when !== state; });
  }

  function heard(at) {
    live.heard = Date.now();
    if (at) { live.at = at; }
    show("live");
  }

  // ---- the stream ------------------------------------------------------------------------------
  document.addEventListener("htmx:sseOpen", function (event) {
    live.open = true;
    heard("");
    var source = event.detail.source;
    ["beat", "changed"].forEach(function (name) {
      source.addEventListener(name, function (message) { heard(message.data); });
    });
  });
  document.addEventListener("htmx:sseError", function () {
    live.open = false;
    // Stale stays until something was heard: a further attempt alone is no better news.
    if (pill && pill.dataset.state !== "stale") { show("reconnecting"); }
  });

  // ---- without a stream: ask now and then ------------------------------------------------------
  if (pill) {
    window.setInterval(function () {
      var silent = Date.now() - live.heard > BEAT_LIMIT_MS;
      if (silent) { show("stale"); }
      if (!live.open || silent) { htmx.trigger(document.body, "poll"); }
    }, POLL_MS);
  }
  document.body.addEventListener("htmx:afterRequest", function (event) {
    if (!event.detail.elt.hasAttribute("data-live")) { return; }
    if (event.detail.successful) {
      heard(event.detail.xhr.getResponseHeader("X-Console-Time") || "");
    } else {
      show("stale");
    }
  });

  // ---- swapping a fragment must not close what somebody opened -----------------------------------
  var opened = [];
  document.body.addEventListener("htmx:beforeSwap", function () {
    opened = Array.prototype.map.call(document.querySelectorAll("details[id][open]"), function (el) { return el.id; });
  });
  document.body.addEventListener("htmx:afterSwap", function () {
    opened.forEach(function (id) {
      var el = document.getElementById(id);
      if (el) { el.open = true; }
    });
    var said = document.querySelector("[data-announce]");
    var status = document.getElementById("announcer");
    if (said && status && status.textContent !== said.dataset.announce) { status.textContent = said.dataset.announce; }
  });

  // ---- menus, theme, filters ---------------------------------------------------------------------
  function closeMenus(except) {
    document.querySelectorAll("details.menu[open]").forEach(function (el) { if (el !== except) { el.open = false; } });
  }
  document.addEventListener("click", function (event) {
    closeMenus(event.target.closest("details.menu"));
    var theme = event.target.closest("[data-theme]");
    if (theme) { window.jxTheme(theme.dataset.theme); markTheme(); }
  });
  function markTheme() {
    document.querySelectorAll("[data-theme]").forEach(function (el) {
      el.setAttribute("aria-pressed", String(el.dataset.theme === root.dataset.themeChoice));
    });
  }
  markTheme();
  document.querySelectorAll("[data-submit-on-change]").forEach(function (el) {
    el.addEventListener("change", function () { el.form.requestSubmit(); });
  });

  // ---- keys ----------------------------------------------------------------------------------------
  var keys = document.getElementById("keys");
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      var menu = document.querySelector("details.menu[open]");
      if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) { return; }
    if (event.target.closest("input, select, textarea")) { return; }
    if (event.key === "?" && keys) { event.preventDefault(); keys.showModal(); return; }
    var goal = document.querySelector('[data-key="' + CSS.escape(event.key) + '"]');
    if (!goal || document.querySelector("dialog[open]")) { return; }
    event.preventDefault();
    if (goal.matches("a, button")) { goal.click(); } else { goal.focus(); }
  });
})();
