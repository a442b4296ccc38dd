// Two dimensions against each other; the darker, the more. It is a table, so that it can be read without seeing it.
import type { Answer } from "../api";
import { fit, h } from "../dom";
import { axis, figure, show } from "../format";
import { nameOf, read, type Field } from "../series";
import type { Frame, View } from "./view";

const levels = 8;

interface Side { key: string; name: string; sum: number }

export class HeatView implements View {
  constructor(private readonly frame: Frame) {}

  draw([answer]: (Answer | null)[]): void {
    if (!answer) return;
    const t = read(answer, this.frame.def, this.frame.metric);
    const [down, across] = t.dimensions;
    const measure = t.measures[0];
    if (!down || !across || !measure) return;
    const cells = new Map<string, number | null>();
    for (const row of answer.rows) cells.set(`${String(row[down.at])}|${String(row[across.at])}`, figure(row[measure.at]));
    const rows = this.sides(answer, down, measure);
    const columns = this.sides(answer, across, measure);
    const top = Math.max(1e-9, ...[...cells.values()].map((v) => v ?? 0));
    const level = (v: number): number => (v <= 0 ? 0 : Math.max(1, Math.ceil((v / top) ** 0.7 * levels)));
    const head = h("tr", {}, h("td", {}), ...columns.map((c) => h("th", { scope: "col", title: c.name }, h("span", {}, c.name))));
    const body = rows.map((r) =>
      h("tr", {}, h("th", { scope: "row", title: r.name }, r.name), ...columns.map((c) => {
        const v = cells.get(`${r.key}|${c.key}`) ?? 0;
        const words = `${r.name}, ${c.name}: ${show(v, measure.column)}`;
        return h("td", { class: `heat heat-${level(v)}`, title: words }, h("span", {}, columns.length <= 12 ? axis(v, measure.column) : ""), columns.length > 12 ? h("span", { class: "sr-only" }, show(v, measure.column)) : null);
      })),
    );
    const table = h("table", { class: columns.length > 12 ? "heat-table fine" : "heat-table" }, h("caption", { class: "sr-only" }, this.frame.def.title), h("thead", {}, head), h("tbody", {}, ...body));
    const old = this.frame.body.querySelector(".scroll");
    const [left, above] = [old?.scrollLeft ?? 0, old?.scrollTop ?? 0];
    const box = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": this.frame.def.title }, table);
    this.frame.body.replaceChildren(box, scale(top, measure));
    fit(box, table);
    box.scrollTo(left, above);
  }

  /** sides lists a dimension's values: hours in their order, others the largest first. */
  private sides(answer: Answer, f: Field, measure: Field): Side[] {
    const hours = this.frame.metric.dimensions?.find((d) => d.name === f.column.name)?.hour;
    const all = new Map<string, Side>();
    for (const row of answer.rows) {
      const key = String(row[f.at]);
      const side = all.get(key) ?? { key, name: hours ? key.padStart(2, "0") : nameOf(row, f), sum: 0 };
      side.sum += figure(row[measure.at]) ?? 0;
      all.set(key, side);
    }
    if (!hours) return [...all.values()].sort((a, b) => b.sum - a.sum);
    return Array.from({ length: 24 }, (_, i) => all.get(String(i)) ?? { key: String(i), name: String(i).padStart(2, "0"), sum: 0 });
  }

  end(): void {}
}

function scale(top: number, measure: Field): HTMLElement {
  const steps = Array.from({ length: levels }, (_, i) => h("span", { class: `heat heat-${i + 1}` }));
  return h("p", { class: "scale", "aria-hidden": "true" }, "0", h("span", { class: "scale-steps" }, ...steps), axis(top, measure.column));
}
