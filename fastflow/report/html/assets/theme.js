"use strict";
(() => {
  const root = document.documentElement;
  const group = document.getElementById("theme");
  const chosen = root.dataset.theme || "auto";
  group.querySelector(`input[value="${chosen}"]`).checked = true;
  group.hidden = false;
  group.addEventListener("change", (event) => {
    const theme = event.target.value;
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    try {
      localStorage.setItem("fastflow-theme", theme);
    } catch { /* a sandboxed page remembers nothing */ }
  });
})();

// A link into a closed part opens it.
(() => {
  const open = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target instanceof HTMLDetailsElement) target.open = true;
  };
  addEventListener("hashchange", open);
  document.addEventListener("click", (event) => {
    if (event.target.closest?.('a[href^="#"]')?.hash === location.hash) open();
  });
  addEventListener("DOMContentLoaded", open);
})();
