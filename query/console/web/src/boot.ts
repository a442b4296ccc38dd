// Runs before the first paint, so that a page in the dark theme never flashes white.
try {
  const chosen = localStorage.getItem("tarn.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is switched off: the system's own theme it is.
}
