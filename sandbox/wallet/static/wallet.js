// Makes the pages live: the theme button, the code's countdown, the walk to a gate without leaving the page.
(function () {
  "use strict";
  var root = document.documentElement;
  function by(id) { return document.getElementById(id); }

  function theme() {
    var button = by("theme");
    var dark = window.matchMedia("(prefers-color-scheme: dark)");
    button.hidden = false;
    button.addEventListener("click", function () {
      var now = root.dataset.theme || (dark.matches ? "dark" : "light");
      var next = now === "dark" ? "light" : "dark";
      root.dataset.theme = next;
      try { localStorage.setItem("jx-wallet-theme", next); } catch (_) { /* lasts for this page */ }
    });
  }

  function countdown() {
    var code = by("code"), left = by("left");
    if (!code || !code.dataset.renew) { return; }
    var span = Number(code.dataset.renew), base = code.getAttribute("src"), shown = null;
    left.hidden = false;
    window.setInterval(function () {
      var now = Date.now() / 1000, slot = Math.floor(now / span);
      left.value = span - (now % span);
      if (shown === null) { shown = slot; }
      if (slot !== shown) { shown = slot; code.src = base + "?" + slot; }
    }, 100);
  }

  function presets() {
    var box = document.querySelector(".presets");
    if (!box) { return; }
    box.hidden = false;
    box.addEventListener("click", function (event) {
      var value = event.target.dataset && event.target.dataset.warm;
      if (value) { by("warm").value = value; }
    });
  }

  function walk() {
    var form = by("walk"), screen = by("screen"), verdict = by("verdict");
    if (!form) { return; }
    var busy = false;
    function gate() { return form.elements.gate.value; }
    function tell(text, detail, walking, kind) {
      var spans = verdict.children;
      if (spans[0].textContent !== text) { spans[0].textContent = text; }
      if (spans[1].textContent !== detail) { spans[1].textContent = detail; }
      verdict.dataset.walk = walking;
      verdict.dataset.verdict = kind;
    }
    function look() {
      if (busy || document.hidden) { return; }
      busy = true;
      var at = gate();
      fetch("/gates/" + at + "/now").then(function (answer) { return answer.json(); }).then(function (now) {
        if (at !== gate()) { return; }
        var detail = [now.who, now.detail, now.code, now.took].filter(Boolean).join(" · ");
        tell(now.text, detail, now.walk, now.verdict || "");
      }).catch(function () {
        tell(verdict.dataset.lost, "", "lost", "");
      }).then(function () { busy = false; });
      var next = new Image();
      next.onload = function () { if (at === gate()) { screen.src = next.src; screen.parentNode.dataset.none = ""; } };
      next.onerror = function () { screen.parentNode.dataset.none = screen.dataset.none; };
      next.src = "/gates/" + at + "/screen.png?" + Date.now();
    }
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      var pushed = event.submitter, body = new URLSearchParams(new FormData(form));
      var pressed = pushed && pushed.hasAttribute("formaction");
      if (pressed) { body.append(pushed.name, pushed.value); }
      fetch(pressed ? pushed.formAction : form.action, { method: "POST", body: body, redirect: "manual" })
        .then(look, look);
    });
    form.addEventListener("change", function (event) {
      if (event.target.name !== "gate") { return; }
      by("gate-name").textContent = event.target.parentNode.textContent.trim();
      document.querySelector(".swatches [name=gate]").value = gate();
      look();
    });
    window.setInterval(look, 300);
    look();
  }

  theme(); countdown(); presets(); walk();
})();
