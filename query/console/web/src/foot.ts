// The foot of a tile: how far its data reaches, and what its figures leave out.
import { serverNow, type Answer, type Query, type Range } from "./api";
import type { TileDef } from "./catalog";
import { showHeldBack } from "./dialog";
import { h, setText, setTitle } from "./dom";
import { age, count } from "./format";
import { length } from "./queries";
import { clockTime, full, wall, wallOf } from "./zone";

const staleAfter = 60_000;

export class Foot {
  readonly el: HTMLElement;
  private readonly complete = h("span", { class: "complete" });
  private readonly notes = h("span", { class: "notes" });
  private readonly held = h("button", { class: "badge held", type: "button", hidden: true });
  private rows = 0;

  constructor(private readonly def: TileDef) {
    this.held.addEventListener("click", () => showHeldBack(count(this.rows, "row")));
    this.el = h("footer", { class: "tile-foot" }, this.complete, this.notes, this.held);
  }

  /** show tells of an answer to a question; `live` says whether the reader expects it to be of now. */
  show(answer: Answer, asked: Query | undefined, range: Range, live: boolean): void {
    const meta = answer.meta;
    const at = Date.parse(meta.completeTo ?? "");
    this.reach(at, range, live);
    const grain = asked?.grain ?? this.def.grain;
    const holes = meta.holes ?? [];
    this.notes.classList.toggle("stale", holes.length > 0);
    setTitle(this.notes, holes.map((o) => `${o.from ? full(Date.parse(o.from)) : "?"} – ${o.to ? full(Date.parse(o.to)) : "?"}: ${o.reason}`).join("\n"));
    setText(this.notes, [holes.length && `${count(holes.length, "hole")}: changes are missing`, this.def.kind !== "number" && grain !== this.def.grain && `By ${grain}`, meta.truncated && "First rows only"].filter(Boolean).join(" · "));
    this.rows = meta.heldBack ?? 0;
    this.held.hidden = !this.rows;
    setText(this.held, `${count(this.rows, "row")} held back`);
  }

  private reach(at: number, range: Range, live: boolean): void {
    if (Number.isNaN(at)) {
      setText(this.complete, "Completeness unknown");
      setTitle(this.complete, "Nothing has been read to its end yet");
      return;
    }
    const behind = serverNow() - at;
    const over = length(range) !== null && !!range.to && wallOf(range.to) <= wall(at); // nothing can be added to what is past
    const stale = live && !over && behind > staleAfter;
    this.complete.classList.toggle("stale", stale);
    setText(this.complete, stale ? `Data is ${age(behind)} old` : `Complete to ${clockTime(at)}`);
    setTitle(this.complete, `Data complete to ${full(at)}`);
  }
}
