// Figures as people read them.
import type { Cell } from "./api";

/** Shape is how a figure is shown. */
export interface Shape { unit?: string; format?: string }

const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat("en-GB", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const exact = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat("en-GB", { notation: "compact", maximumFractionDigits: 1 });
const none = "–";
const thin = "\u202f"; // a narrow space that no line breaks at

/** figure reads a cell as a number; decimals come as text. */
export function figure(cell: Cell | undefined): number | null {
  if (cell == null || cell === "" || typeof cell === "boolean") return null;
  const n = Number(cell);
  return Number.isFinite(n) ? n : null;
}

/** duration is 45 s, 12 min, 3 h 20 min, 2 d 4 h. */
export function duration(seconds: number): string {
  const s = Math.abs(seconds);
  const sign = seconds < 0 ? "−" : "";
  if (s < 1) return s === 0 ? `0${thin}s` : `${sign}${Math.round(s * 1000)}${thin}ms`;
  if (s < 60) return `${sign}${s < 10 ? exact.format(Math.round(s * 10) / 10) : Math.round(s)}${thin}s`;
  const minutes = Math.round(s / 60);
  if (minutes < 60) return `${sign}${minutes}${thin}min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${sign}${hours}${thin}h${minutes % 60 ? ` ${minutes % 60}${thin}min` : ""}`;
  const days = Math.floor(hours / 24);
  return `${sign}${days}${thin}d${hours % 24 ? ` ${hours % 24}${thin}h` : ""}`;
}

/** show is a figure in full, with its unit. */
export function show(cell: Cell | undefined, shape: Shape): string {
  const n = figure(cell);
  if (n === null) return none;
  if (shape.format === "percent") return `${oneDigit.format(n * 100)}${thin}%`;
  if (shape.format === "duration" || shape.unit === "s") return duration(n);
  const text = shape.format === "integer" || Number.isInteger(n) ? whole.format(n) : exact.format(n);
  return shape.unit && shape.unit.length <= 3 ? `${text}${thin}${shape.unit}` : text;
}

/** big is a figure for a place where it must be short. */
export function big(cell: Cell | undefined, shape: Shape): string {
  const n = figure(cell);
  if (n === null || Math.abs(n) < 10_000_000 || shape.format === "percent" || shape.format === "duration") return show(cell, shape);
  return compact.format(n);
}

/** axis is a figure beside an axis. */
export function axis(n: number, shape: Shape): string {
  if (shape.format === "percent") return `${whole.format(n * 100)}${thin}%`;
  if (shape.format === "duration" || shape.unit === "s") return duration(n);
  return Math.abs(n) >= 10_000 ? compact.format(n) : exact.format(n);
}

export interface Change { text: string; direction: "up" | "down" | "same" }

/** change is how a figure differs from an earlier one: in percent, or in points where it is a share itself. */
export function change(now: number | null, before: number | null, shape: Shape): Change | null {
  if (now === null || before === null) return null;
  const share = shape.format === "percent";
  if (!share && before === 0) return now === 0 ? { text: "no change", direction: "same" } : null;
  const by = share ? (now - before) * 100 : ((now - before) / Math.abs(before)) * 100;
  const size = Math.abs(by);
  if (!share && by >= 1000) return { text: `${whole.format(now / before)}×`, direction: "up" };
  const digits = size >= 99.95 ? whole.format(size) : oneDigit.format(size);
  if (digits === "0.0") return { text: "no change", direction: "same" };
  return { text: `${digits}${thin}${share ? "pt" : "%"}`, direction: by > 0 ? "up" : "down" };
}

const second = [1, 2, 5, 10, 15, 30];
const steps = [...second, ...second.map((n) => n * 60), ...[1, 2, 3, 6, 12, 24, 48, 120, 240].map((n) => n * 3600)];

/** step is a round distance between an axis’s marks; 0: the axis may choose. */
export function step(top: number, shape: Shape): number {
  if (shape.format !== "duration" && shape.unit !== "s") return 0;
  return steps.find((s) => top / s <= 5) ?? 0;
}

/** count is 1 row, 2 rows. */
export const count = (n: number, one: string, many = `${one}s`): string => `${whole.format(n)} ${n === 1 ? one : many}`;

/** age is how long ago something was, roughly. */
export function age(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 90) return `${s} s`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  return s < 172_800 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86_400)} days`;
}
