// What the whole page is narrowed to: a span of time and divisions.
import { divisions, type Catalog, type Code } from "./catalog";
import { h, icon, setText } from "./dom";
import { Popover } from "./popover";
import type { Store } from "./state";
import { isoDay, spanName, wall } from "./zone";

const day = 86_400_000;
export const presets: [name: string, title: string, short: string][] = [
  ["today", "Today", "Today"], ["last-24h", "Last 24 hours", "24 h"], ["last-7d", "Last 7 days", "7 days"], ["last-30d", "Last 30 days", "30 days"],
];

/** filters is the bar below the header. */
export function filters(store: Store, catalog: Catalog): HTMLElement {
  const reset = h("button", { class: "button quiet", type: "button", on: { click: () => store.set({ divisions: [] }) } }, "Clear");
  const list = divisions(catalog);
  const bar = h("div", { class: "filters", role: "group", "aria-label": "Filters" }, spans(store), custom(store), list.length > 1 ? places(store, list) : null, reset);
  const update = (): void => void (reset.hidden = store.now.divisions.length === 0);
  store.listen(update);
  update();
  return bar;
}

function spans(store: Store): HTMLElement {
  const buttons = presets.map(([name, title, short]) =>
    h("button", { type: "button", class: "segment", "data-range": name, "aria-label": title, on: { click: () => store.set({ range: { name } }) } },
      h("span", { class: "long" }, title), h("span", { class: "short" }, short)),
  );
  const update = (): void => buttons.forEach((b) => b.setAttribute("aria-pressed", String(b.dataset["range"] === store.now.range.name)));
  store.listen(update);
  update();
  return h("div", { class: "segments", role: "group", "aria-label": "Range" }, ...buttons);
}

function custom(store: Store): HTMLElement {
  const label = h("span", {});
  const button = h("button", { class: "button picker", type: "button" }, icon("day"), label, icon("down"));
  const from = h("input", { type: "date", "data-first": true });
  const last = h("input", { type: "date" });
  const fault = h("p", { class: "form-fault", role: "alert", hidden: true });
  const apply = (e: Event): void => {
    e.preventDefault();
    const [a, b] = [from.valueAsNumber, last.valueAsNumber];
    fault.hidden = !(Number.isNaN(a) || Number.isNaN(b) || b < a);
    if (!fault.hidden) {
      setText(fault, Number.isNaN(a) || Number.isNaN(b) ? "Give both days." : "The last day is before the first.");
      return;
    }
    store.set({ range: { from: isoDay(a), to: isoDay(b + day) } }); // ranges are half-open: up to the day after the last
    pop.hide();
  };
  const form = h("form", { class: "form", "aria-label": "Custom range", on: { submit: apply } },
    h("label", {}, "First day", from), h("label", {}, "Last day", last), fault, h("button", { class: "button primary", type: "submit" }, "Apply"));
  const pop = new Popover(button, h("div", {}, form), () => {
    const today = wall(Date.now());
    const { from: a, to: b } = store.now.range;
    from.value = a ?? isoDay(today - 6 * day);
    last.value = b ? isoDay(Date.parse(b) - day) : isoDay(today);
    from.max = last.max = isoDay(today);
    fault.hidden = true;
  });
  const update = (): void => {
    const { from: a, to: b, name } = store.now.range;
    setText(label, a && b ? spanName(a, b) : presets.some(([p]) => p === name) ? "Custom" : (name ?? "Custom"));
    button.setAttribute("aria-label", `Custom range${a && b ? `: ${spanName(a, b)}` : ""}`);
    button.classList.toggle("chosen", !presets.some(([p]) => p === name));
  };
  store.listen(update);
  update();
  return pop.root;
}

function places(store: Store, all: Code[]): HTMLElement {
  const label = h("span", {});
  const button = h("button", { class: "button picker", type: "button" }, icon("place"), label, icon("down"));
  const boxes = all.map((d) => h("input", { type: "checkbox", value: d.code }));
  const choose = (): void => {
    const chosen = boxes.filter((b) => b.checked).map((b) => b.value);
    store.set({ divisions: chosen.length === all.length ? [] : chosen });
  };
  const panel = h("div", { class: "choices", role: "group", "aria-label": "Divisions" },
    ...all.map((d, i) => h("label", { class: "choice" }, boxes[i]!, h("span", { class: "box" }, icon("check")), h("span", {}, d.label))));
  panel.addEventListener("change", choose);
  const update = (): void => {
    const chosen = store.now.divisions;
    boxes.forEach((b) => (b.checked = chosen.includes(b.value)));
    const names = all.filter((d) => chosen.includes(d.code)).map((d) => d.label);
    setText(label, names.length === 0 ? "All divisions" : names.length <= 2 ? names.join(", ") : `${names.length} divisions`);
    button.setAttribute("aria-label", `Divisions: ${names.join(", ") || "all"}`);
    button.classList.toggle("chosen", names.length > 0);
  };
  store.listen(update);
  update();
  return new Popover(button, panel).root;
}
