// Before anything is painted: the colours that the reader chose here before, where the page may remember.
try {
  const theme = localStorage.getItem("fastflow-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch { /* a sandboxed page remembers nothing */ }
