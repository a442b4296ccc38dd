// An answer's rows, turned into what charts draw.
import type { Answer, Cell, Column } from "./api";
import type { Metric, TileDef } from "./catalog";
import { figure } from "./format";
import { bucketName, wallOf } from "./zone";

export interface Field { column: Column; at: number; label: number } // label: where the value's name stands; at where there is none

/** Table is an answer with its columns sorted by what they are for. */
export interface Table { time: number; dimensions: Field[]; measures: Field[]; answer: Answer }

/** read sorts an answer's columns. */
export function read(answer: Answer, def: TileDef, metric: Metric): Table {
  const t: Table = { time: -1, dimensions: [], measures: [], answer };
  const names = new Set((metric.measures ?? []).map((m) => m.name));
  answer.columns.forEach((column, at) => {
    const role = column.role ?? (column.name === "time" ? "time" : names.has(column.name) ? "measure" : (def.dimensions ?? []).includes(column.name) ? "dimension" : "label");
    if (role === "time") t.time = at;
    if (role === "measure") t.measures.push({ column, at, label: at });
    if (role === "dimension") {
      const label = answer.columns.findIndex((c) => c.of === column.name || c.name === `${column.name}_label`);
      t.dimensions.push({ column, at, label: label < 0 ? at : label });
    }
  });
  return t;
}

/** nameOf is a row's value of a dimension in words. */
export function nameOf(row: Cell[], f: Field): string {
  const label = row[f.label] ?? row[f.at];
  if (label == null || label === "") return "Unknown";
  if (label === true || label === "true") return "Yes";
  if (label === false || label === "false") return "No";
  const text = String(label);
  if (f.column.type === "date") return bucketName(wallOf(text), "day");
  if (f.column.type === "timestamp" || f.column.type === "local") return bucketName(wallOf(text), "minute");
  return f.label === f.at && text === "unknown" ? "Unknown" : text;
}

export interface Series { name: string; column: Column; values: Map<number, number | null> }

/** lines returns one series for each measure and combination of dimensions, and the buckets that any of them has. */
export function lines(t: Table, rows: Cell[][] = t.answer.rows): { times: number[]; series: Series[] } {
  const found = new Map<string, Series>();
  const times = new Set<number>();
  for (const row of rows) {
    const at = wallOf(String(row[t.time]));
    times.add(at);
    const who = t.dimensions.map((d) => nameOf(row, d)).join(" · ");
    for (const m of t.measures) {
      const name = who ? (t.measures.length > 1 ? `${who} · ${m.column.title}` : who) : m.column.title;
      let one = found.get(name);
      if (!one) found.set(name, (one = { name, column: m.column, values: new Map() }));
      one.values.set(at, figure(row[m.at]));
    }
  }
  return { times: [...times].sort((a, b) => a - b), series: [...found.values()] };
}

/** empty reports whether there is nothing to draw: no row, or no figure other than 0. */
export function empty(t: Table): boolean {
  return !t.answer.rows.some((row) => t.measures.some((m) => figure(row[m.at])));
}
