// A ranking: one line a value, the longest first. Several measures stand in one bar, one after the other.
import type { Answer, Cell } from "../api";
import { h } from "../dom";
import { figure, show } from "../format";
import { nameOf, read, type Field, type Table } from "../series";
import type { Frame, View } from "./view";

export class BarsView implements View {
  constructor(private readonly frame: Frame) {}

  draw([answer]: (Answer | null)[]): void {
    if (!answer) return;
    const t = read(answer, this.frame.def, this.frame.metric);
    const stacked = t.measures.length > 1 && t.measures.every((m) => m.column.format !== "percent" && m.column.format !== "duration");
    const totals = t.answer.rows.map((row) => (stacked ? t.measures.reduce((sum, m) => sum + (figure(row[m.at]) ?? 0), 0) : (figure(row[t.measures[0]?.at ?? 0]) ?? 0)));
    const top = Math.max(...totals, 1e-9);
    const list = h("ol", { class: "bars", "aria-label": this.frame.def.title }, ...t.answer.rows.map((row, i) => this.line(t, row, totals[i] ?? 0, top, stacked)));
    const children: HTMLElement[] = [];
    if (t.measures.length > 1) children.push(legend(t.measures));
    this.frame.body.replaceChildren(...children, list);
  }

  private line(t: Table, row: Cell[], total: number, top: number, stacked: boolean): HTMLElement {
    const name = t.dimensions.map((d) => nameOf(row, d)).join(" · ");
    const shown = stacked ? t.measures : t.measures.slice(0, 1);
    const track = h("span", { class: "track" });
    shown.forEach((m, i) => {
      const part = h("span", { class: `part series-${i + 1}`, title: `${name}: ${m.column.title} ${show(row[m.at], m.column)}` });
      part.style.width = `${(((figure(row[m.at]) ?? 0) / top) * 100).toFixed(2)}%`;
      track.append(part);
    });
    const value = stacked ? show(total, t.measures[0]?.column ?? {}) : show(row[t.measures[0]?.at ?? 0], t.measures[0]?.column ?? {});
    const rest = stacked ? "" : t.measures.slice(1).map((m) => show(row[m.at], m.column)).join(" · ");
    return h("li", {}, h("span", { class: "name", title: name }, name), h("span", { class: "amount" }, value, rest && h("span", { class: "rest" }, ` ${rest}`)), track);
  }

  end(): void {}
}

function legend(measures: Field[]): HTMLElement {
  return h("ul", { class: "legend" }, ...measures.map((m, i) => h("li", {}, h("span", { class: `dot series-${i + 1}` }), m.column.title)));
}
