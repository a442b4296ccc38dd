// The query API: questions, answers, and the problems that come instead of them.
import type { Catalog } from "./catalog";

export interface Filter { dimension: string; values: string[]; not?: boolean }
export interface Range { from?: string; to?: string; name?: string }
export interface Order { by: string; desc?: boolean }

export interface Query {
  metric: string;
  measures: string[];
  dimensions?: string[];
  filters?: Filter[];
  range?: Range;
  grain?: string;
  compare?: string;
  order?: Order[];
  limit?: number;
}

export interface Column { name: string; title: string; type: string; unit?: string; format?: string; role?: string; of?: string; better?: string }
export type Cell = string | number | boolean | null;

export interface Hole { id: string; from?: string; to?: string; reason: string }

export interface Meta {
  completeTo: string | null; // null: nobody knows yet
  heldBack: number;
  holes?: Hole[]; // open ones: changes are missing
  truncated?: boolean;
  cached?: boolean;
  elapsedMs?: number;
  sql?: string;
  zone?: string;
  commits?: Record<string, number>;
}

export interface Answer {
  columns: Column[];
  rows: Cell[][];
  compare?: { rows: Cell[][]; range?: Range; heldBack?: number; holes?: Hole[] }; // the period before, with what its own figures leave out
  meta: Meta;
}

/** Problem is an error that the service explained. */
export class Problem extends Error {
  constructor(readonly status: number, readonly title: string, detail: string, readonly fields: { field: string; message: string }[] = []) {
    super(detail || title);
  }
}

// The service's clock less ours, in milliseconds: ages are measured on its clock.
let skew = 0;

/** serverNow is the service's idea of the present. */
export const serverNow = (): number => Date.now() + skew;

async function send(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(path, { ...init, credentials: "same-origin", cache: "no-store" }).catch((cause: unknown) => {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new Problem(0, "No connection", "The service cannot be reached. The figures will return by themselves once it can.");
  });
  const date = Date.parse(response.headers.get("Date") ?? "");
  if (!Number.isNaN(date) && Math.abs(date - Date.now() - skew) > 2000) skew = date - Date.now();
  if (response.ok) return response;
  if (response.status === 401) location.reload(); // the session has ended: the sign-in page stands at this address
  throw await problemOf(response);
}

async function problemOf(response: Response): Promise<Problem> {
  const body = (await response.json().catch(() => ({}))) as { title?: string; detail?: string; fields?: { field: string; message: string }[] };
  return new Problem(response.status, body.title || response.statusText, body.detail ?? "", body.fields ?? []);
}

function post(path: string, body: unknown, accept: string, signal?: AbortSignal): Promise<Response> {
  const headers = { "Content-Type": "application/json", Accept: accept };
  return send(path, { method: "POST", headers, body: JSON.stringify(body), ...(signal ? { signal } : {}) });
}

export async function catalog(): Promise<Catalog> {
  const response = await send("/api/catalog", { headers: { Accept: "application/json" } });
  return (await response.json()) as Catalog;
}

export async function ask(query: Query, signal?: AbortSignal): Promise<Answer> {
  const response = await post("/api/query", query, "application/json", signal);
  const answer = (await response.json()) as Answer;
  answer.rows ??= [];
  return answer;
}

/** download saves the answer to the same question as a CSV file. */
export async function download(query: Query, name: string): Promise<void> {
  const response = await post("/api/query", query, "text/csv");
  const address = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = address;
  link.download = `${name}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
