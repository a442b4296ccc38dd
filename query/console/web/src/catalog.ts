// What can be asked, as GET /api/catalog describes it.
import type { Filter } from "./api";

export interface Dimension { name: string; title: string; lookup?: string; hour?: boolean }
export interface Measure { name: string; title: string; description?: string; unit?: string; format?: string; better?: string; agg?: string }
export interface Metric { name: string; title: string; description?: string; dataset: string; timed?: boolean; dimensions?: Dimension[]; measures?: Measure[] }

export type Kind = "number" | "line" | "area" | "bar" | "heat" | "table";

export interface TileDef {
  id: string;
  title: string;
  note?: string;
  kind: Kind;
  metric: string;
  measures?: string[];
  dimensions?: string[];
  filters?: Filter[];
  grain?: string;
  range?: string;
  compare?: boolean;
  limit?: number;
  width?: number;
}

export interface Dashboard { name: string; title: string; domain?: string; tiles: TileDef[] }
export interface Code { code: string; label: string }

export interface Catalog {
  datasets: { name: string; title: string }[];
  metrics: Metric[];
  dashboards: Dashboard[];
  lookups: Record<string, Code[]>;
  viewer: { id: string; regions: string[] };
  zone: string;
}

const everything = "*";

/** metricOf finds a metric; a tile that names an unknown one gets an empty metric, and the service's own complaint. */
export function metricOf(c: Catalog, name: string): Metric {
  return c.metrics.find((m) => m.name === name) ?? { name, title: name, dataset: "" };
}

/** measuresOf returns the measures a tile shows. */
export function measuresOf(metric: Metric, def: TileDef): Measure[] {
  const names = def.measures?.length ? def.measures : (metric.measures ?? []).slice(0, 1).map((m) => m.name);
  return names.map((name) => metric.measures?.find((m) => m.name === name) ?? { name, title: name });
}

/** divisionOf is the metric's dimension that the page's division filter works on. */
export function divisionOf(metric: Metric): string | undefined {
  const all = metric.dimensions ?? [];
  return (all.find((d) => d.name === "division") ?? all.find((d) => d.name === "region") ?? all.find((d) => d.lookup === "divisions"))?.name;
}

/** divisions lists what the viewer may filter by. */
export function divisions(c: Catalog): Code[] {
  const all = c.lookups["divisions"] ?? [];
  const mine = c.viewer.regions ?? [];
  return mine.includes(everything) ? all : all.filter((d) => mine.includes(d.code));
}
