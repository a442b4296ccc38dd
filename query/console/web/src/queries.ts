// What each tile asks, given the page's state.
import type { Filter, Query, Range } from "./api";
import { divisionOf, measuresOf, type Metric, type TileDef } from "./catalog";
import type { State } from "./state";

const hour = 3_600_000;
const day = 24 * hour;
const spans: Record<string, number> = { today: day, yesterday: day, "this-week": 7 * day, "this-month": 31 * day };
const relative = /^(?:last|next)-(\d+)([hd])$/;

/** length is about how long a range is; null: nobody knows. */
export function length(range: Range): number | null {
  if (range.from && range.to) return Date.parse(range.to) - Date.parse(range.from);
  const found = relative.exec(range.name ?? "");
  if (found) return Number(found[1]) * (found[2] === "h" ? hour : day);
  return spans[range.name ?? ""] ?? null;
}

/** fit makes a grain coarser where it would give thousands of points, and finer where it would give one. */
export function fit(grain: string, range: Range): string {
  const size = length(range);
  if (size === null) return grain === "minute" || grain === "hour" ? "day" : grain;
  if (grain === "minute" && size > 12 * hour) grain = "hour";
  if (grain === "hour" && size > 10 * day) grain = "day";
  if ((grain === "day" || grain === "week") && size <= 2 * day) return "hour";
  if (grain === "week" && size <= 14 * day) return "day";
  return grain;
}

/** sparkGrain is the grain of the small line under a number. */
export function sparkGrain(range: Range): string {
  const size = length(range);
  return size !== null && size <= 3 * day ? "hour" : "day";
}

export const rangeOf = (def: TileDef, state: State): Range => (def.range ? { name: def.range } : state.range);

/** base is the question of a tile before its kind has a say. */
function base(def: TileDef, metric: Metric, state: State): Query {
  const filters: Filter[] = [...(def.filters ?? [])];
  const division = divisionOf(metric);
  if (state.divisions.length && division) filters.push({ dimension: division, values: state.divisions });
  const q: Query = { metric: def.metric, measures: measuresOf(metric, def).map((m) => m.name) };
  if (def.dimensions?.length) q.dimensions = def.dimensions;
  if (filters.length) q.filters = filters;
  const range = rangeOf(def, state);
  if (metric.timed && range.name !== "all") q.range = range;
  return q;
}

/** questions returns what a tile asks; the first is the tile's own, others only adorn it. */
export function questions(def: TileDef, metric: Metric, state: State): Query[] {
  const q = base(def, metric, state);
  const range = rangeOf(def, state);
  const first = q.measures[0] ?? "";
  switch (def.kind) {
    case "number": {
      const all = [def.compare && q.range ? { ...q, compare: "previous" } : q];
      if (q.range) all.push({ ...q, measures: [first], grain: def.grain || sparkGrain(range) });
      return all;
    }
    case "line":
    case "area":
      return [{ ...q, grain: fit(def.grain || "day", range), ...(def.compare && q.range && !def.dimensions?.length ? { compare: "previous" } : {}), ...(def.limit ? { limit: def.limit } : {}) }];
    case "heat":
      return [{ ...q, ...(def.limit ? { limit: def.limit } : {}) }];
    default:
      if (def.grain) return [{ ...q, grain: fit(def.grain, range), ...(def.limit ? { limit: def.limit } : {}) }];
      return [{ ...q, order: [{ by: first, desc: true }], limit: def.limit || 10 }];
  }
}
