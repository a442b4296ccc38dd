// Courses over time: lines, areas and bars.
import type { Answer } from "../api";
import { h } from "../dom";
import { show } from "../format";
import { empty, lines, read, type Series } from "../series";
import { colours, onTheme } from "../theme";
import { bucketName, spanName, wall } from "../zone";
import { init, type ECharts } from "./echarts";
import { option, type Picture } from "./option";
import type { Frame, View } from "./view";

export class ChartView implements View {
  private readonly canvas = h("div", { class: "canvas", role: "img" });
  private readonly legend = h("ul", { class: "legend" });
  private readonly chart: ECharts;
  private readonly hidden = new Set<string>();
  private readonly watch: ResizeObserver;
  private readonly unlisten: () => void;
  private picture: Picture | null = null;

  constructor(private readonly frame: Frame) {
    frame.body.replaceChildren(this.legend, this.canvas);
    this.chart = init(this.canvas, null, { renderer: "canvas" });
    this.watch = new ResizeObserver(() => this.chart.resize());
    this.watch.observe(this.canvas);
    this.unlisten = onTheme(() => this.paint());
  }

  draw([answer]: (Answer | null)[]): void {
    if (!answer) return;
    const t = read(answer, this.frame.def, this.frame.metric);
    const { times, series } = lines(t);
    const before = answer.compare ? lines(t, answer.compare.rows) : null;
    const range = answer.compare?.range;
    this.picture = {
      kind: this.frame.def.kind, grain: this.frame.grain(), stacked: t.dimensions.length > 0, times, series: empty(t) ? [] : series,
      before: before?.series[0] ? shift(before.series[0], before.times, times) : null,
      beforeName: range?.from && range.to ? `Before (${spanName(range.from, range.to)})` : "Period before",
      completeTo: answer.meta.completeTo ? wall(Date.parse(answer.meta.completeTo)) : Infinity,
    };
    this.words();
    this.paint();
  }

  /** paint draws the picture in the present theme, without the series that the reader hid. */
  private paint(): void {
    if (!this.picture) return;
    const p = this.picture;
    const seen = new Set(p.series.map((s) => s.name).filter((name) => !this.hidden.has(name)));
    this.chart.setOption(option(p, seen, colours()), { notMerge: true, lazyUpdate: false });
    const names = p.series.length > 1 || p.before ? [...p.series.map((s) => s.name), ...(p.before ? [p.beforeName] : [])] : [];
    const key = names.join("\n");
    if (this.legend.dataset["key"] === key) return;
    this.legend.dataset["key"] = key;
    this.legend.replaceChildren(...names.map((name, i) => this.entry(name, i, p)));
  }

  private entry(name: string, i: number, p: Picture): HTMLElement {
    if (i >= p.series.length) return h("li", {}, h("span", { class: "dash" }), name);
    const toggle = (): void => {
      if (!this.hidden.delete(name)) this.hidden.add(name);
      button.setAttribute("aria-pressed", String(!this.hidden.has(name)));
      this.paint();
    };
    const button = h("button", { type: "button", "aria-pressed": String(!this.hidden.has(name)), title: name, on: { click: toggle } },
      h("span", { class: `dot series-${(i % 8) + 1}` }), h("span", { class: "legend-name" }, name));
    return h("li", {}, p.series.length > 1 ? button : h("span", { class: "legend-one" }, ...button.childNodes));
  }

  /** words says in a sentence what the picture shows. */
  private words(): void {
    const p = this.picture!;
    const parts = p.series.slice(0, 4).map((s) => {
      const known = p.times.map((at) => [at, s.values.get(at) ?? null] as const).filter((x): x is readonly [number, number] => x[1] !== null);
      const peak = known.reduce((a, b) => (b[1] > a[1] ? b : a), known[0] ?? ([0, 0] as const));
      return known.length ? `${s.name}: highest ${show(peak[1], s.column)}, ${bucketName(peak[0], p.grain)}` : s.name;
    });
    this.canvas.setAttribute("aria-label", `Chart of ${this.frame.def.title}. ${parts.join(". ")}. The tile’s menu shows it as a table.`);
  }

  end(): void {
    this.unlisten();
    this.watch.disconnect();
    this.chart.dispose();
  }
}

/** shift lays an earlier series over the present buckets, first on first. */
function shift(s: Series, its: number[], onto: number[]): Series {
  return { ...s, values: new Map(onto.slice(0, its.length).map((at, i) => [at, s.values.get(its[i]!) ?? null])) };
}
