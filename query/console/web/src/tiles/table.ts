// Rows as rows; also the words behind every chart.
import type { Answer } from "../api";
import { fit, h } from "../dom";
import { show } from "../format";
import { nameOf, read, type Table } from "../series";
import { bucketName, wallOf } from "../zone";
import type { Frame, View } from "./view";

const most = 500; // rows drawn; the CSV has them all

export class TableView implements View {
  constructor(private readonly frame: Frame) {}

  draw([answer]: (Answer | null)[]): void {
    if (!answer) return;
    const t = read(answer, this.frame.def, this.frame.metric);
    const at = this.frame.body.querySelector(".scroll");
    const [top, left] = [at?.scrollTop ?? 0, at?.scrollLeft ?? 0];
    const table = tableOf(t, this.frame.def.title, this.frame.grain());
    const box = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${this.frame.def.title}, table` }, table);
    this.frame.body.replaceChildren(box);
    fit(box, table);
    box.scrollTo(left, top);
  }

  end(): void {}
}

/** tableOf makes a table of an answer. */
export function tableOf(t: Table, caption: string, grain: string): HTMLTableElement {
  const heads: HTMLElement[] = [];
  if (t.time >= 0) heads.push(h("th", { scope: "col" }, t.answer.columns[t.time]?.title || "Time"));
  for (const d of t.dimensions) heads.push(h("th", { scope: "col", title: d.column.title }, d.column.title));
  for (const m of t.measures) heads.push(h("th", { scope: "col", class: "figure", title: m.column.title }, m.column.title));
  const rows = t.answer.rows.slice(0, most).map((row) => {
    const cells: HTMLElement[] = [];
    if (t.time >= 0) cells.push(h("td", {}, bucketName(wallOf(String(row[t.time])), grain)));
    for (const d of t.dimensions) cells.push(h("td", { title: nameOf(row, d), class: "name" }, nameOf(row, d)));
    for (const m of t.measures) cells.push(h("td", { class: "figure" }, show(row[m.at], m.column)));
    return h("tr", {}, ...cells);
  });
  return h("table", { class: "table" }, h("caption", { class: "sr-only" }, caption), h("thead", {}, h("tr", {}, ...heads)), h("tbody", {}, ...rows));
}
