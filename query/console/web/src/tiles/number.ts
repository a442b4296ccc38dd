// One figure, how it differs from the period before, and its course.
import type { Answer } from "../api";
import { measuresOf, type Measure } from "../catalog";
import { h, setText, setTitle } from "../dom";
import { big, change, figure, show, type Shape } from "../format";
import { lines, read } from "../series";
import { still } from "../theme";
import { spanName } from "../zone";
import { Spark } from "./spark";
import type { Frame, View } from "./view";

const marks = { up: "↑", down: "↓", same: "→" };

export class NumberView implements View {
  private readonly figure = h("span", {});
  private readonly unit = h("span", { class: "unit" });
  private readonly value = h("p", { class: "value" }, this.figure, this.unit);
  private readonly change = h("span", { class: "change", hidden: true });
  private readonly against = h("span", { class: "against" });
  private readonly others = h("dl", { class: "others", hidden: true });
  private readonly spark = new Spark();
  private readonly measures: Measure[];

  constructor(private readonly frame: Frame) {
    this.measures = measuresOf(frame.metric, frame.def);
    const beside = h("p", { class: "beside" }, this.change, this.against);
    frame.body.replaceChildren(this.value, beside, this.others, this.spark.el);
  }

  draw([answer, course]: (Answer | null)[]): void {
    if (!answer) return;
    const t = read(answer, this.frame.def, this.frame.metric);
    const row = answer.rows[0] ?? [];
    const first = t.measures[0];
    const shape: Shape = first?.column ?? {};
    const cell = first ? row[first.at] : null;
    const unit = shape.unit && shape.unit.length > 3 ? shape.unit : "";
    setText(this.unit, unit);
    if (setText(this.figure, big(cell, shape)) && !still()) {
      this.value.classList.remove("fresh");
      void this.value.offsetWidth; // the animation starts again only after a layout
      this.value.classList.add("fresh");
    }
    setTitle(this.value, `${show(cell, shape)} ${unit}`.trim());
    this.compare(answer, first?.at ?? 0, cell);
    this.more(row, t.measures.slice(1));
    if (course) {
      const found = lines(read(course, this.frame.def, this.frame.metric));
      const one = found.series[0];
      this.spark.draw(one ? found.times.map((at) => one.values.get(at) ?? null) : []);
    }
  }

  private compare(answer: Answer, at: number, cell: Parameters<typeof figure>[0]): void {
    const before = answer.compare?.rows[0]?.[at];
    const measure = this.measures[0] ?? { name: "", title: "" };
    const c = answer.compare ? change(figure(cell), figure(before), measure) : null;
    this.change.hidden = !c;
    if (c) {
      setText(this.change, c.direction === "same" ? c.text : `${marks[c.direction]} ${c.text}`);
      this.change.dataset["mood"] = c.direction === "same" || !measure.better ? "none" : c.direction === measure.better ? "good" : "bad";
    }
    const range = answer.compare?.range;
    const span = range?.from && range.to ? spanName(range.from, range.to) : "the period before";
    setText(this.against, answer.compare ? (c ? `vs ${show(before, measure)}` : "nothing to compare with") : "");
    setTitle(this.against, answer.compare ? `${show(before, measure)} in ${span}` : "");
  }

  private more(row: (string | number | boolean | null)[], rest: ReturnType<typeof read>["measures"]): void {
    this.others.hidden = rest.length === 0;
    this.others.replaceChildren(...rest.map((m) => h("div", {}, h("dt", { title: m.column.title }, m.column.title), h("dd", {}, show(row[m.at], m.column)))));
  }

  end(): void {}
}
