// How a chart looks.
import type { EChartsCoreOption } from "echarts/core";
import { h } from "../dom";
import { axis, show, step, type Shape } from "../format";
import type { Series } from "../series";
import { still, type Colours } from "../theme";
import { bucketName, dayMonth, hm } from "../zone";

/** Picture is a chart without its looks. */
export interface Picture {
  kind: string;
  grain: string;
  stacked: boolean; // the series are parts of one whole
  times: number[];
  series: Series[];
  before: Series | null;
  beforeName: string;
  completeTo: number; // wall-clock time; buckets that end later are unfinished
}

const lengths: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000, week: 604_800_000, month: 2_678_400_000 };
const day = 86_400_000;

export function option(p: Picture, seen: Set<string>, c: Colours): EChartsCoreOption {
  const shape: Shape = p.series[0]?.column ?? {};
  const text = { color: c.muted, fontFamily: c.font, fontSize: 12 };
  const top = Math.max(0, ...p.series.flatMap((s) => (seen.has(s.name) ? [...s.values.values()].map((v) => v ?? 0) : [])));
  const every = step(top, shape);
  const open = p.times.findIndex((at) => at + (lengths[p.grain] ?? day) > p.completeTo && at <= p.completeTo);
  return {
    animation: false, textStyle: { fontFamily: c.font },
    grid: { left: 2, right: 20, top: 8, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: {
      type: "time", boundaryGap: p.kind === "bar" ? ["2%", "2%"] : false, min: p.times[0], max: p.times.at(-1), splitNumber: 6,
      axisLine: { lineStyle: { color: c.line } }, axisTick: { show: false }, splitLine: { show: false },
      axisLabel: { ...text, hideOverlap: true, margin: 10, formatter: (v: number) => (v % day === 0 ? dayMonth(v) : hm(v)) },
      axisPointer: { label: { show: false } },
    },
    yAxis: {
      type: "value", min: 0, ...(every ? { interval: every, max: Math.ceil(top / every) * every } : {}), splitNumber: 4, minInterval: shape.format === "integer" ? 1 : 0, axisLine: { show: false }, axisTick: { show: false },
      splitLine: { lineStyle: { color: c.line } }, axisLabel: { ...text, formatter: (v: number) => axis(v, shape) },
    },
    useUTC: true,
    tooltip: tooltip(p, seen, c),
    series: [...p.series.flatMap((s, i) => (seen.has(s.name) ? drawn(p, s, c.series[i % c.series.length]!, open, i) : [])), ...earlier(p, c)],
  };
}

/** drawn is one series; the part that leads to an unfinished bucket is dotted, lest it look like a fall. */
function drawn(p: Picture, s: Series, color: string, open: number, i: number): object[] {
  const points = p.times.map((at, n) => [at, open >= 0 && n > open ? null : (s.values.get(at) ?? null)]);
  const many = p.series.length > 1;
  if (p.kind === "bar") {
    const data = points.map((value, n) => (n === open ? { value, itemStyle: { opacity: 0.5 } } : { value }));
    return [{ type: "bar", name: s.name, data, color, barMaxWidth: 28, barCategoryGap: "28%", itemStyle: { borderRadius: many ? 0 : [3, 3, 0, 0] }, ...(many ? { stack: "all" } : {}), emphasis: { disabled: true } }];
  }
  const area = p.kind === "area";
  const stacked = area && many && p.stacked;
  const base = { type: "line", color, showSymbol: p.times.length === 1, symbolSize: 6, smooth: 0.15, smoothMonotone: "x", emphasis: { disabled: true }, z: 10 - i };
  const fill = area ? { areaStyle: { color, opacity: stacked ? 0.45 : 0.14 } } : {};
  if (open < 1 || stacked) {
    return [{ ...base, ...fill, name: s.name, data: points, lineStyle: { width: stacked ? 1.5 : 2 }, ...(stacked ? { stack: "all" } : {}) }];
  }
  return [
    { ...base, ...fill, name: s.name, data: points.slice(0, open), lineStyle: { width: 2 } },
    { ...base, name: s.name, data: points.slice(open - 1, open + 1), lineStyle: { width: 2, type: [2, 4] }, smooth: false },
  ];
}

function earlier(p: Picture, c: Colours): object[] {
  if (!p.before) return [];
  const data = p.times.map((at) => [at, p.before!.values.get(at) ?? null]);
  return [{ type: "line", name: p.beforeName, data, color: c.muted, showSymbol: false, smooth: 0.15, smoothMonotone: "x", lineStyle: { width: 1.5, type: [4, 4], opacity: 0.8 }, emphasis: { disabled: true }, z: 1 }];
}

function tooltip(p: Picture, seen: Set<string>, c: Colours): object {
  return {
    trigger: "axis", className: "tip", confine: true, transitionDuration: still() ? 0 : 0.1, borderWidth: 0, padding: 0, backgroundColor: "transparent", extraCssText: "box-shadow:none",
    axisPointer: { type: "line", lineStyle: { color: c.muted, width: 1, type: "solid", opacity: 0.5 } },
    formatter: (found: { axisValue?: number }[]) => tip(p, seen, Number(found[0]?.axisValue)),
  };
}

function tip(p: Picture, seen: Set<string>, at: number): HTMLElement {
  const unfinished = at + (lengths[p.grain] ?? day) > p.completeTo;
  const rows = p.series.flatMap((s, i) => (seen.has(s.name) ? [line(`dot series-${(i % 8) + 1}`, s.name, show(s.values.get(at), s.column))] : []));
  if (p.before) rows.push(line("dash", p.beforeName, show(p.before.values.get(at), p.before.column)));
  return h("div", { class: "tip-card" }, h("p", { class: "tip-head" }, bucketName(at, p.grain) + (unfinished ? " · so far" : "")), ...rows);
}

function line(mark: string, name: string, value: string): HTMLElement {
  return h("p", { class: "tip-line" }, h("span", { class: mark }), h("span", { class: "tip-name" }, name), h("strong", {}, value));
}
