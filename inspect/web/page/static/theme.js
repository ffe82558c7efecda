// The theme that was chosen here before, set before anything is drawn; without one the system's.
(() => {
  try {
    const theme = localStorage.getItem("adit.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch { /* the browser keeps nothing */ }
})();
