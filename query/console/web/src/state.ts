// What the page shows, kept in its address so that a link shows the same.
import type { Range } from "./api";

export interface State { dashboard: string; range: Range; divisions: string[] }

type Listener = (now: State, before: State) => void;

const spanOf = /^(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})$/;
const named = /^(all|today|yesterday|this-week|this-month|(last|next)-[1-9]\d{0,3}[hd])$/;

/** rangeOf reads a range; what the service would refuse is none. */
function rangeOf(text: string): Range | undefined {
  const span = spanOf.exec(text);
  if (span) return Date.parse(span[1]!) < Date.parse(span[2]!) ? { from: span[1]!, to: span[2]! } : undefined;
  return named.test(text) ? { name: text } : undefined;
}

/** parse reads an address's query; what it does not say, or says in words that mean nothing, is `fallback`. */
export function parse(search: string, fallback: State): State {
  const q = new URLSearchParams(search);
  return {
    dashboard: q.get("view") ?? fallback.dashboard,
    range: rangeOf(q.get("range") ?? "") ?? fallback.range,
    divisions: q.has("division") ? q.get("division")!.split(",").filter(Boolean) : fallback.divisions,
  };
}

/** print is the inverse of parse: what equals `fallback` stays out of the address. */
export function print(s: State, fallback: State): string {
  const q: string[] = [];
  const range = s.range.name ?? `${s.range.from}..${s.range.to}`;
  if (s.dashboard !== fallback.dashboard) q.push(`view=${encodeURIComponent(s.dashboard)}`);
  if (range !== fallback.range.name) q.push(`range=${encodeURIComponent(range)}`);
  if (s.divisions.length) q.push(`division=${s.divisions.map(encodeURIComponent).join(",")}`);
  return q.length ? `?${q.join("&")}` : "";
}

/** Store holds the state and tells who listens; every change is one entry of the browser's history. */
export class Store {
  private listeners: Listener[] = [];
  private state: State;

  constructor(private readonly fallback: State) {
    this.state = parse(location.search, fallback);
    addEventListener("popstate", () => this.take(parse(location.search, this.fallback)));
  }

  get now(): State {
    return this.state;
  }

  set(patch: Partial<State>): void {
    const next = { ...this.state, ...patch };
    const address = location.pathname + print(next, this.fallback);
    if (address === location.pathname + location.search) return;
    history.pushState(null, "", address);
    this.take(next);
  }

  listen(fn: Listener): void {
    this.listeners.push(fn);
  }

  private take(next: State): void {
    const before = this.state;
    this.state = next;
    for (const fn of this.listeners) fn(next, before);
  }
}
