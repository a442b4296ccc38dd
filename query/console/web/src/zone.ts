// Times on the business time zone's clocks, whatever the browser's own zone is. A wall-clock time is kept as the UTC
// milliseconds that a clock in UTC would show the same figures at.

let zone = "UTC";
let clock: Intl.DateTimeFormat;
const hasZone = /([zZ]|[+-]\d{2}:?\d{2})$/;
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

export function setZone(name: string): void {
  zone = name || "UTC";
  clock = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
  });
}

export const zoneName = (): string => zone;

/** wall is the wall-clock time of an instant. */
export function wall(instant: number): number {
  const p: Record<string, number> = {};
  for (const part of clock.formatToParts(instant)) p[part.type] = Number(part.value);
  return Date.UTC(p["year"]!, p["month"]! - 1, p["day"]!, p["hour"]!, p["minute"]!, p["second"]!);
}

/** wallOf reads a bucket of an answer: a day, a local time with its distance from UTC, or an instant. */
export function wallOf(text: string): number {
  if (/[zZ]$/.test(text)) return wall(Date.parse(text));
  const local = text.replace(hasZone, text.length > 10 ? "" : "$&").replace(" ", "T");
  return Date.parse(local.length > 10 ? `${local}Z` : `${local.slice(0, 10)}T00:00:00Z`);
}

const aDay = 86_400_000;
const two = (n: number): string => String(n).padStart(2, "0");

/** hm is 14:05 of a wall-clock time. */
export function hm(w: number): string {
  const d = new Date(w);
  return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`;
}

/** dayMonth is 20 Nov. */
export function dayMonth(w: number): string {
  const d = new Date(w);
  return `${d.getUTCDate()} ${months[d.getUTCMonth()]}`;
}

/** weekday is Fri. */
export const weekday = (w: number): string => weekdays[new Date(w).getUTCDay()]!;

/** isoDay is 2026-11-20. */
export const isoDay = (w: number): string => new Date(w).toISOString().slice(0, 10);

/** clockTime is 14:05:09 of an instant. */
export const clockTime = (instant: number): string => new Date(wall(instant)).toISOString().slice(11, 19);

/** full is an instant in words, with its zone. */
export function full(instant: number): string {
  const w = wall(instant);
  return `${weekday(w)} ${dayMonth(w)} ${new Date(w).getUTCFullYear()}, ${clockTime(instant)} (${zone})`;
}

/** bucketName names a bucket of a grain. */
export function bucketName(w: number, grain: string): string {
  switch (grain) {
    case "minute":
      return `${dayMonth(w)}, ${hm(w)}`;
    case "hour":
      return `${weekday(w)} ${dayMonth(w)}, ${hm(w)}–${hm(w + 3_600_000)}`;
    case "week":
      return `Week of ${dayMonth(w)}`;
    case "month":
      return `${months[new Date(w).getUTCMonth()]} ${new Date(w).getUTCFullYear()}`;
    default:
      return `${weekday(w)} ${dayMonth(w)}`;
  }
}

/** spanName is 14–20 Nov, of two instants or days, half-open. */
export function spanName(from: string, to: string): string {
  const a = wallOf(from);
  const b = wallOf(to);
  if (a % aDay === 0 && b % aDay === 0) return days(a, b - aDay);
  if (isoDay(a) === isoDay(b - 1)) return `${dayMonth(a)}, ${hm(a)}–${hm(b)}`;
  return a % aDay === 0 ? `${days(a, b)} up to ${hm(b)}` : `${dayMonth(a)}, ${hm(a)} – ${dayMonth(b)}, ${hm(b)}`;
}

/** days is 14–20 Nov, of the first and the last day. */
function days(first: number, last: number): string {
  if (isoDay(first) === isoDay(last)) return dayMonth(first);
  const sameMonth = isoDay(first).slice(0, 7) === isoDay(last).slice(0, 7);
  return `${sameMonth ? new Date(first).getUTCDate() : `${dayMonth(first)} `}–${sameMonth ? "" : " "}${dayMonth(last)}`;
}
