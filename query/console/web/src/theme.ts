// Light, dark, or as the system has it; and the colours that charts take from the style sheet.
type Choice = "auto" | "light" | "dark";

const key = "tarn.theme";
const next: Record<Choice, Choice> = { auto: "light", light: "dark", dark: "auto" };
const system = matchMedia("(prefers-color-scheme: dark)");
const listeners: (() => void)[] = [];

export function choice(): Choice {
  const set = document.documentElement.dataset["theme"];
  return set === "light" || set === "dark" ? set : "auto";
}

/** turn goes on to the next theme and remembers it. */
export function turn(): Choice {
  const to = next[choice()];
  if (to === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = to;
  try {
    if (to === "auto") localStorage.removeItem(key);
    else localStorage.setItem(key, to);
  } catch {
    // Storage is switched off: the choice lasts as long as the page.
  }
  tell();
  return to;
}

/** onTheme calls fn whenever the colours change; the returned function ends that. */
export function onTheme(fn: () => void): () => void {
  listeners.push(fn);
  return () => void listeners.splice(listeners.indexOf(fn), 1);
}

function tell(): void {
  for (const fn of [...listeners]) fn();
}

system.addEventListener("change", tell);

export interface Colours { text: string; muted: string; line: string; card: string; series: string[]; font: string }

/** colours reads the present theme. */
export function colours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string): string => style.getPropertyValue(name).trim();
  return {
    text: of("--text"), muted: of("--muted"), line: of("--line"), card: of("--card"), font: getComputedStyle(document.body).fontFamily,
    series: [1, 2, 3, 4, 5, 6, 7, 8].map((n) => of(`--series-${n}`)),
  };
}

/** still reports whether the reader asked for less motion. */
export const still = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;
