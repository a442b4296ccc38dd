// A tile: its frame, and what it shows of its answers.
import { download, type Answer, type Query } from "./api";
import { Asker, brisk, calm, type Owner } from "./asker";
import { metricOf, type Catalog, type Metric, type TileDef } from "./catalog";
import { showSQL } from "./dialog";
import { h, icon, unique } from "./dom";
import { Foot } from "./foot";
import { menu, type Item } from "./popover";
import { questions, rangeOf } from "./queries";
import type { Queue } from "./queue";
import { empty, read } from "./series";
import type { State } from "./state";
import { failure, loading, nothing } from "./states";
import { TableView } from "./tiles/table";
import type { View } from "./tiles/view";
import { viewOf } from "./tiles/views";

/** Page is what tiles share. */
export interface Page { catalog: Catalog; queue: Queue; state(): State; live(): boolean; complete(instant: number): void }

export class Tile implements Owner {
  readonly el: HTMLElement;
  readonly asker: Asker;
  private readonly metric: Metric;
  private readonly body = h("div", { class: "tile-body" });
  private readonly foot: Foot;
  private view: View | null = null;
  private asTable = false;
  private answers: (Answer | null)[] = [];
  private asked: Query[] = []; // what the answers answer
  private drawn = ""; // the questions and
  private rows = ""; // the figures that are shown

  constructor(readonly def: TileDef, private readonly page: Page) {
    const big = def.kind === "number";
    this.metric = metricOf(page.catalog, def.metric);
    this.asker = new Asker(this, page.queue, big ? brisk : calm);
    this.foot = new Foot(def);
    const id = unique("tile");
    const button = h("button", { class: "icon-button", type: "button", "aria-label": `${def.title}: more` }, icon("menu"));
    const note = def.note && h("p", { class: big ? "sr-only" : "note", title: def.note }, def.note);
    this.el = h("section", { class: `tile kind-${def.kind} w-${def.width || (big ? 3 : 6)}`, "aria-labelledby": id, "aria-busy": "true", "data-tile": def.id },
      h("header", { class: "tile-head" }, h("div", { class: "tile-title" }, h("h2", { id, title: def.note || def.title }, def.title), note), menu(button, () => this.items())),
      this.body, this.foot.el);
    this.body.replaceChildren(loading());
  }

  /** reload asks anew because the question has changed; figures of the old one are dimmed meanwhile. */
  reload(): void {
    this.el.classList.toggle("waiting", JSON.stringify(this.questions()) !== this.drawn && !this.body.querySelector(".skeleton"));
    this.asker.again();
  }

  /** concerns reports whether a dataset has a part in the tile’s figures. */
  concerns(dataset: string): boolean {
    if (!this.metric.dataset || this.metric.dataset === dataset) return true;
    const used = Object.keys(this.answers[0]?.meta.commits ?? {});
    return used.includes(dataset) || used.includes(`${dataset}_changes`);
  }

  /** age brings the foot up to date. */
  age(): void {
    const answer = this.answers[0];
    if (answer) this.foot.show(answer, this.asked[0], rangeOf(this.def, this.page.state()), this.page.live());
  }

  end(): void {
    this.asker.end();
    this.view?.end();
  }

  questions = (): Query[] => questions(this.def, this.metric, this.page.state());
  busy = (now: boolean): void => this.el.setAttribute("aria-busy", String(now));

  take(asked: Query[], answers: (Answer | null)[]): void {
    [this.asked, this.answers] = [asked, answers];
    const key = JSON.stringify(asked);
    const rows = JSON.stringify(answers.map((a) => [a?.rows, a?.compare]));
    const same = key === this.drawn && rows === this.rows && this.view !== null;
    [this.drawn, this.rows] = [key, rows];
    const at = Date.parse(answers[0]?.meta.completeTo ?? "");
    if (!Number.isNaN(at)) this.page.complete(at);
    this.age();
    this.el.classList.remove("waiting");
    if (!same) this.draw();
  }

  fail(problem: unknown): void {
    this.replace(null);
    this.drawn = "";
    this.el.classList.remove("waiting");
    this.body.replaceChildren(failure(problem, () => {
      this.body.replaceChildren(loading());
      this.reload();
    }));
  }

  private draw(): void {
    const answer = this.answers[0];
    if (!answer) return;
    // A number can be 0, and so can a table’s figures; a chart of nothing is not worth its axes.
    const bare = this.def.kind === "table" ? answer.rows.length === 0 : this.def.kind !== "number" && empty(read(answer, this.def, this.metric));
    if (bare) {
      this.replace(null);
      this.body.replaceChildren(nothing(this.def, this.metric));
      return;
    }
    const frame = { def: this.def, metric: this.metric, body: this.body, grain: () => this.asked[0]?.grain ?? "" };
    if (!this.view) this.replace(this.asTable ? new TableView(frame) : viewOf(frame));
    this.view?.draw(this.answers);
  }

  private replace(view: View | null): void {
    this.view?.end();
    this.view = view;
  }

  private items(): Item[] {
    const answer = this.answers[0];
    const name = `${this.def.id}-${new Date().toISOString().slice(0, 10)}`;
    const items: Item[] = [{ text: "Refresh", run: () => this.reload() }];
    if (answer && this.def.kind !== "table") items.push({ text: this.asTable ? `Show as ${this.def.kind === "number" ? "number" : "chart"}` : "Show as table", run: () => this.flip() });
    items.push({ text: "Download CSV", run: () => void download(this.questions()[0]!, name).catch((e: unknown) => this.fail(e)) });
    const sql = answer?.meta.sql;
    if (sql) items.push({ text: "Show SQL", run: () => showSQL(this.def.title, sql) });
    return items;
  }

  private flip(): void {
    this.asTable = !this.asTable;
    this.replace(null);
    this.draw();
  }
}
