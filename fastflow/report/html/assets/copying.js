// Copies commands. Without this script the command that accepts a vulnerability stands in the page.
(() => {
  const DONE = 2000;

  async function copy(text) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea"); // where the page came by HTTP, there is no clipboard
    area.value = text;
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    if (!copied) throw new Error("not copied");
  }

  for (const copies of document.querySelectorAll(".copies")) copies.hidden = !copies.childElementCount;
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    const label = button.dataset.label ??= button.textContent;
    copy(button.dataset.copy)
      .then(() => "Copied", () => "Could not copy")
      .then((said) => {
        button.textContent = said;
        setTimeout(() => { button.textContent = label; }, DONE);
      });
  });
})();
