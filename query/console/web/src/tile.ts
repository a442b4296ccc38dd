// A tile: its frame, when it asks again, and what it shows meanwhile.
import { ask, download, Problem, serverNow, type Answer, type Query } from "./api";
import { metricOf, type Catalog, type Metric, type TileDef } from "./catalog";
import { showHeldBack, showSQL } from "./dialog";
import { h, icon, setText, setTitle, unique } from "./dom";
import { age, count } from "./format";
import { menu, type Item } from "./popover";
import { length, questions, rangeOf } from "./queries";
import type { Queue } from "./queue";
import { empty, read } from "./series";
import type { State } from "./state";
import { TableView } from "./tiles/table";
import type { View } from "./tiles/view";
import { viewOf } from "./tiles/views";
import { clockTime, full, wall, wallOf } from "./zone";

const staleAfter = 60_000;
// However often the lake grows, a page left open must not keep the machine busy: a tile rests between its questions for
// several times as long as the answer took. Figures in large type rest the least.
const pauses = { number: { shortest: 300, times: 3 }, other: { shortest: 1_000, times: 8 } };
const longestPause = 10_000;
const adorned = 10_000; // how long a number keeps its course

/** Page is what tiles share. */
export interface Page { catalog: Catalog; queue: Queue; state(): State; live(): boolean; complete(instant: number): void }

export class Tile {
  readonly el: HTMLElement;
  readonly metric: Metric;
  visible = false;
  private readonly body = h("div", { class: "tile-body" });
  private readonly fresh = h("span", { class: "complete" });
  private readonly held = h("button", { class: "badge held", type: "button", hidden: true });
  private readonly cut = h("span", { class: "cut" });
  private view: View | null = null;
  private asTable = false;
  private answers: (Answer | null)[] = [];
  private abort: AbortController | null = null;
  private busy = false; // a question is waiting or running
  private dirty = true;
  private drawn = ""; // the questions whose answers are shown
  private rows = ""; // the figures that are shown
  private began = 0;
  private took = 0;
  private adornedAt = -Infinity;
  private timer = 0;

  constructor(readonly def: TileDef, private readonly page: Page) {
    this.metric = metricOf(page.catalog, def.metric);
    const id = unique("tile");
    const button = h("button", { class: "icon-button", type: "button", "aria-label": `${def.title}: more` }, icon("menu"));
    const note = def.note ?? "";
    const chart = def.kind !== "number";
    this.el = h("section", { class: `tile kind-${def.kind} w-${def.width || (chart ? 6 : 3)}`, "aria-labelledby": id, "aria-busy": "true", "data-tile": def.id },
      h("header", { class: "tile-head" }, h("div", { class: "tile-title" }, h("h2", { id, title: note || def.title }, def.title), note && h("p", { class: chart ? "note" : "sr-only", title: note }, note)), menu(button, () => this.items())),
      this.body, h("footer", { class: "tile-foot" }, this.fresh, this.cut, this.held));
    this.held.addEventListener("click", () => showHeldBack(count(this.answers[0]?.meta.heldBack ?? 0, "row")));
    this.skeleton();
  }

  /** reload asks anew because the question has changed; figures of the old one are dimmed meanwhile. */
  reload(): void {
    this.abort?.abort();
    this.el.classList.toggle("waiting", this.key() !== this.drawn);
    this.began = 0;
    this.touch();
  }

  /** touch says that the lake has grown, or that it is time to look. */
  touch(): void {
    this.dirty = true;
    if (!this.visible || this.busy || document.hidden) return;
    const { shortest, times } = this.def.kind === "number" ? pauses.number : pauses.other;
    const pause = Math.min(longestPause, Math.max(shortest, this.took * times));
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.enqueue(), Math.max(0, this.began + pause - performance.now()));
  }

  /** concerns reports whether a dataset has a part in the tile’s figures. */
  concerns(dataset: string): boolean {
    if (!this.metric.dataset || this.metric.dataset === dataset) return true;
    const used = Object.keys(this.answers[0]?.meta.commits ?? {});
    return used.includes(dataset) || used.includes(`${dataset}_changes`);
  }

  /** stale reports whether the tile has yet to look. */
  stale = (): boolean => this.dirty;

  end(): void {
    clearTimeout(this.timer);
    this.abort?.abort();
    this.view?.end();
  }

  private key = (): string => JSON.stringify(this.questions());
  private questions = (): Query[] => questions(this.def, this.metric, this.page.state());

  private enqueue(): void {
    if (this.busy) return;
    this.busy = true;
    this.page.queue.add(this.def.kind === "number" ? 0 : 1, () => this.ask());
  }

  private async ask(): Promise<void> {
    const all = this.questions();
    const abort = new AbortController();
    this.abort = abort;
    this.dirty = false;
    this.began = performance.now();
    this.el.setAttribute("aria-busy", "true");
    try {
      const keep = JSON.stringify(all) === this.drawn && this.began - this.adornedAt < adorned;
      const adorn = (q: Query, i: number): Promise<Answer | null> => (keep ? Promise.resolve(this.answers[i] ?? null) : ask(q, abort.signal).catch(() => null));
      this.answers = await Promise.all(all.map((q, i) => (i === 0 ? ask(q, abort.signal) : adorn(q, i))));
      if (!keep) this.adornedAt = this.began;
      if (!abort.signal.aborted) this.show(JSON.stringify(all));
    } catch (problem) {
      if (!abort.signal.aborted) this.fail(problem);
    }
    this.took = performance.now() - this.began;
    this.busy = false;
    this.el.setAttribute("aria-busy", "false");
    if (abort.signal.aborted) this.began = 0;
    if (this.dirty || abort.signal.aborted) this.touch();
  }

  private show(key: string): void {
    const answer = this.answers[0];
    if (!answer) return;
    const rows = JSON.stringify(this.answers.map((a) => [a?.rows, a?.compare?.rows]));
    const same = key === this.drawn && rows === this.rows && this.view !== null;
    [this.drawn, this.rows] = [key, rows];
    this.el.classList.remove("waiting");
    this.age();
    if (same) return;
    if (this.nothing(answer)) {
      this.replace(null);
      const what = /^\w+$/.test(this.metric.title) ? `No ${this.metric.title.toLowerCase()}` : "Nothing";
      this.body.replaceChildren(h("div", { class: "state" }, h("p", {}, `${what} in this range`), !this.def.range && h("p", { class: "muted" }, "Choose a longer range or other divisions.")));
    } else {
      if (!this.view) {
        const frame = { def: this.def, metric: this.metric, body: this.body, grain: () => (JSON.parse(this.drawn) as Query[])[0]?.grain ?? "" };
        this.replace(this.asTable ? new TableView(frame) : viewOf(frame));
      }
      this.view?.draw(this.answers);
    }
  }

  /** nothing reports whether there is nothing to show. A number can be 0, and so can a table’s figures. */
  private nothing(answer: Answer): boolean {
    if (this.def.kind === "number") return false;
    return this.def.kind === "table" ? answer.rows.length === 0 : empty(read(answer, this.def, this.metric));
  }

  private fail(problem: unknown): void {
    const p = problem instanceof Problem ? problem : new Problem(0, "The answer could not be shown", String(problem));
    this.replace(null);
    this.drawn = "";
    this.el.classList.remove("waiting");
    const fields = p.fields.map((f) => h("li", {}, h("code", {}, f.field), ` ${f.message}`));
    this.body.replaceChildren(h("div", { class: "state", role: "alert" }, icon("warn"), h("p", {}, p.title),
      p.message !== p.title && h("p", { class: "muted", title: p.message }, p.message), fields.length > 0 && h("ul", { class: "muted" }, ...fields),
      h("button", { class: "button", type: "button", on: { click: () => this.retry() } }, "Try again")));
  }

  private retry(): void {
    this.skeleton();
    this.reload();
  }

  private skeleton(): void {
    this.body.replaceChildren(h("div", { class: "skeleton", role: "status", "aria-label": "Loading" }));
  }

  private replace(view: View | null): void {
    this.view?.end();
    this.view = view;
  }

  /** age says how far the data reaches, and warns when that is long ago. */
  age(): void {
    const meta = this.answers[0]?.meta;
    if (!meta) return;
    const at = Date.parse(meta.completeTo ?? "");
    const known = !Number.isNaN(at);
    if (known) this.page.complete(at);
    const behind = serverNow() - at;
    const range = rangeOf(this.def, this.page.state());
    const over = known && length(range) !== null && !!range.to && wallOf(range.to) <= wall(at);
    const stale = known && !over && this.page.live() && behind > staleAfter;
    this.fresh.classList.toggle("stale", stale);
    setText(this.fresh, !known ? "Completeness unknown" : stale ? `Data is ${age(behind)} old` : `Complete to ${clockTime(at)}`);
    setTitle(this.fresh, known ? `Data complete to ${full(at)}` : "");
    this.held.hidden = !meta.heldBack;
    setText(this.held, `${count(meta.heldBack ?? 0, "row")} held back`);
    const grain = (this.drawn && (JSON.parse(this.drawn) as Query[])[0]?.grain) || this.def.grain;
    setText(this.cut, [grain !== this.def.grain && `By ${grain}`, meta.truncated && "First rows only"].filter(Boolean).join(" · "));
  }

  private items(): Item[] {
    const answer = this.answers[0];
    const items: Item[] = [{ text: "Refresh", run: () => this.touch() }];
    if (answer && this.def.kind !== "table") items.push({ text: this.asTable ? (this.def.kind === "number" ? "Show as number" : "Show as chart") : "Show as table", run: () => this.flip() });
    items.push({ text: "Download CSV", run: () => void download(this.questions()[0]!, `${this.def.id}-${new Date().toISOString().slice(0, 10)}`).catch((e: unknown) => this.fail(e)) });
    const sql = answer?.meta.sql;
    if (sql) items.push({ text: "Show SQL", run: () => showSQL(this.def.title, sql) });
    return items;
  }

  private flip(): void {
    this.asTable = !this.asTable;
    this.replace(null);
    this.show(this.drawn);
  }
}
