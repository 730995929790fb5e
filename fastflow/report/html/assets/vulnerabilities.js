// Filters and pages of the vulnerabilities. Without this script all of them stand in the page.
(() => {
  const PAGE = 50;
  const form = document.getElementById("filters");
  if (!form) return;
  const list = document.getElementById("found");
  const said = document.getElementById("shown");
  const pages = document.getElementById("pages");
  const all = [...list.children];
  const texts = new Map();
  const number = new Intl.NumberFormat("en");
  let matching = all;
  let page = 0;

  function textOf(vulnerability) {
    if (!texts.has(vulnerability)) texts.set(vulnerability, vulnerability.textContent.replace(/\s+/g, " ").toLowerCase());
    return texts.get(vulnerability);
  }

  function filter() {
    const { text, type, threat, workflow, gate } = Object.fromEntries(new FormData(form));
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    matching = all.filter(({ dataset }, at) =>
      (!type || dataset.type === type) &&
      Number(dataset.threat) >= Number(threat) &&
      (!workflow || dataset.workflow === workflow) &&
      (!gate || dataset.gate === gate) &&
      words.every((word) => textOf(all[at]).includes(word)));
    show(0);
  }

  function show(which) {
    page = which;
    const shown = new Set(matching.slice(page * PAGE, (page + 1) * PAGE));
    const kept = new Set(matching);
    for (const vulnerability of all) {
      vulnerability.classList.toggle("elsewhere", !shown.has(vulnerability));
      vulnerability.classList.toggle("filtered", !kept.has(vulnerability));
    }
    const last = Math.max(0, Math.ceil(matching.length / PAGE) - 1);
    const [from, to] = [page * PAGE + 1, Math.min((page + 1) * PAGE, matching.length)];
    said.textContent = matching.length === 0 ? "No vulnerability matches; clear the filter to see all."
      : `${last ? `${number.format(from)} to ${number.format(to)} of ` : ""}${number.format(matching.length)}` +
        `${matching.length === all.length ? "" : ` matching, ${number.format(all.length)} in all`}` +
        `${last || matching.length !== all.length ? "" : all.length === 1 ? " vulnerability" : " vulnerabilities"}`;
    pages.hidden = last === 0;
    pages.querySelector("span").textContent = `Page ${number.format(page + 1)} of ${number.format(last + 1)}`;
    pages.querySelector('[data-go="-1"]').disabled = page === 0;
    pages.querySelector('[data-go="1"]').disabled = page === last;
  }

  pages.addEventListener("click", (event) => {
    const step = Number(event.target.dataset?.go);
    if (!step) return;
    show(page + step);
    list.scrollIntoView({ block: "start" });
    matching[page * PAGE].querySelector("summary").focus({ preventScroll: true });
  });
  let later = 0;
  form.addEventListener("input", (event) => {
    clearTimeout(later);
    later = setTimeout(filter, event.target.name === "text" ? 120 : 0);
  });
  form.addEventListener("reset", () => { clearTimeout(later); later = setTimeout(filter); });
  form.addEventListener("submit", (event) => { event.preventDefault(); filter(); });
  form.hidden = false;
  form.reset();
  show(0);
})();
