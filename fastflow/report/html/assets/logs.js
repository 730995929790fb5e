// Logs: read from the compressed blocks when one is opened or searched, a page of lines at a time.
(() => {
  const MOST_HITS = 200;
  const form = document.getElementById("log-search");
  if (!form) return;
  const number = new Intl.NumberFormat("en");
  const hits = document.getElementById("hits");
  const said = document.getElementById("hits-said");
  const whole = new Promise((done) => {
    if (document.readyState === "loading") addEventListener("DOMContentLoaded", done, { once: true });
    else done();
  });
  const logs = [...document.querySelectorAll("details.log")].map((details) => newLog(details));
  let packed = null;
  let query = "";

  function newLog(details) {
    const pre = details.querySelector("pre");
    return { details, pre, name: details.querySelector(".name").textContent, text: pre.textContent,
      tools: details.querySelector(".tools"), blocks: null, page: -1 };
  }

  // The pages of a log: each tells its first line, and how to read its lines.
  async function pagesOf(log) {
    await whole;
    if (log.blocks) return log.blocks;
    packed ??= Map.groupBy(document.querySelectorAll("script[data-of]"), ({ dataset }) => dataset.of);
    log.blocks = packed.get(log.details.dataset.log)?.map((block) => (
      { first: Number(block.dataset.first), read: () => inflate(block.textContent) }
    )) ?? [{ first: 1, read: async () => log.text }];
    return log.blocks;
  }

  function bytesOf(base64) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
    const text = atob(base64);
    const bytes = new Uint8Array(text.length);
    for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
    return bytes;
  }

  async function inflate(base64) {
    const stream = new Blob([bytesOf(base64)]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).text();
  }

  async function show(log, page, line) {
    const blocks = await pagesOf(log);
    const { first, read } = blocks[page];
    const lines = (await read()).split("\n");
    log.page = page;
    log.pre.replaceChildren(...lines.map((text, at) => lineOf(text, first + at, first + at === line)));
    log.pre.classList.add("numbered");
    log.details.querySelector(".part")?.remove();
    if (blocks.length > 1) showTools(log, blocks, first, lines.length);
    const target = log.pre.querySelector(".found");
    if (target) target.scrollIntoView({ block: "center" });
    else log.pre.scrollTop = page === blocks.length - 1 && blocks.length > 1 ? log.pre.scrollHeight : 0;
  }

  function lineOf(text, at, is_found) {
    const line = document.createElement("span");
    line.className = is_found ? "line found" : "line";
    line.dataset.n = at;
    line.append(...marked(text), "\n");
    return line;
  }

  // The text with what was searched for in <mark>.
  function* marked(text) {
    let at = 0;
    const low = query ? text.toLowerCase() : "";
    for (let found; query && low.length === text.length && (found = low.indexOf(query, at)) >= 0; at = found + query.length) {
      yield text.slice(at, found);
      const mark = document.createElement("mark");
      mark.textContent = text.slice(found, found + query.length);
      yield mark;
    }
    yield text.slice(at);
  }

  function showTools(log, blocks, first, count) {
    const last = blocks.length - 1;
    const steps = [["First", 0], ["Previous", log.page - 1], ["Next", log.page + 1], ["Last", last]];
    const focused = log.tools.contains(document.activeElement) ? document.activeElement.textContent : "";
    const buttons = steps.map(([label, page]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.disabled = page < 0 || page > last || page === log.page;
      button.addEventListener("click", () => show(log, page));
      return button;
    });
    const place = document.createElement("span");
    place.setAttribute("role", "status");
    place.textContent = `Lines ${number.format(first)} to ${number.format(first + count - 1)} of ${number.format(log.details.dataset.lines)}`;
    log.tools.replaceChildren(...buttons, place);
    log.tools.hidden = false;
    const again = buttons.find((button) => button.textContent === focused && !button.disabled);
    if (focused) (again || buttons.find((button) => !button.disabled)).focus();
  }

  async function search(text, only) {
    const mine = text.toLowerCase();
    query = mine;
    hits.replaceChildren();
    hits.hidden = true;
    if (!mine) { said.textContent = ""; return; }
    let count = 0;
    for (const log of logs) {
      if (only && log.details.dataset.log !== only) continue;
      const blocks = await pagesOf(log);
      said.textContent = `Searching ${log.name} …`;
      for (let page = 0; page < blocks.length; page += 1) {
        const text = await blocks[page].read();
        if (query !== mine) return;
        if (!text.toLowerCase().includes(mine)) continue;
        text.split("\n").forEach((line, at) => {
          if (!line.toLowerCase().includes(mine)) return;
          count += 1;
          if (count <= MOST_HITS) hits.append(hitOf(log, page, blocks[page].first + at, line, mine));
        });
      }
    }
    hits.hidden = count === 0;
    said.textContent = count === 0 ? "No line of these logs contains this text."
      : `${number.format(count)} ${count === 1 ? "line" : "lines"}${count > MOST_HITS ? `; the first ${MOST_HITS} are listed` : ""}`;
  }

  function hitOf(log, page, line, text, mine) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    const where = document.createElement("span");
    where.className = "where";
    where.textContent = `${log.name}:${line}`;
    const from = Math.max(0, text.toLowerCase().indexOf(mine) - 60);
    const excerpt = document.createElement("code");
    excerpt.append(from ? "…" : "", ...marked(text.slice(from, from + 240)));
    button.append(where, " ", excerpt);
    button.addEventListener("click", async () => {
      log.seen = true;
      log.details.open = true;
      await show(log, page, line);
      log.pre.focus({ preventScroll: true });
    });
    item.append(button);
    return item;
  }

  for (const log of logs) {
    log.details.addEventListener("toggle", async () => {
      if (!log.details.open || log.seen) return;
      log.seen = true;
      if (!("DecompressionStream" in window) && log.details.querySelector(".part")) return;
      const blocks = await pagesOf(log);
      await show(log, blocks.length - 1);
    });
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { text, log } = Object.fromEntries(new FormData(form));
    search(text.trim(), log);
  });
  form.hidden = false;
  form.reset();
})();
