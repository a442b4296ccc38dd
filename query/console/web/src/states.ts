// What a tile shows in place of figures.
import { Problem } from "./api";
import type { Metric, TileDef } from "./catalog";
import { h, icon } from "./dom";

export const loading = (): HTMLElement => h("div", { class: "skeleton", role: "status", "aria-label": "Loading" });

/** nothing says that the range is empty. */
export function nothing(def: TileDef, metric: Metric): HTMLElement {
  const what = /^\w+$/.test(metric.title) ? `No ${metric.title.toLowerCase()}` : "Nothing";
  const hint = h("p", { class: "muted" }, "Choose a longer range or other divisions.");
  return h("div", { class: "state" }, h("p", {}, `${what} in this range`), !def.range && hint);
}

/** failure says what went wrong, as the service put it, and offers another try. */
export function failure(problem: unknown, retry: () => void): HTMLElement {
  const p = problem instanceof Problem ? problem : new Problem(0, "The answer could not be shown", String(problem));
  const fields = p.fields.map((f) => h("li", {}, h("code", {}, f.field), ` ${f.message}`));
  return h("div", { class: "state", role: "alert" }, icon("warn"), h("p", {}, p.title),
    p.message !== p.title && h("p", { class: "muted", title: p.message }, p.message),
    fields.length > 0 && h("ul", { class: "muted" }, ...fields),
    h("button", { class: "button", type: "button", on: { click: retry } }, "Try again"));
}
