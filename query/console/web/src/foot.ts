// The foot of a tile: how far its data reaches, and what its figures leave out.
import { serverNow, type Answer, type Query, type Range } from "./api";
import type { TileDef } from "./catalog";
import { Gaps } from "./gaps";
import { h, setText, setTitle } from "./dom";
import { age } from "./format";
import { length } from "./queries";
import { clockTime, full, wall, wallOf } from "./zone";

const staleAfter = 60_000;

export class Foot {
  readonly el: HTMLElement;
  private readonly complete = h("span", { class: "complete" });
  private readonly notes = h("span", { class: "notes" });
  private readonly gaps = new Gaps("this tile");
  private readonly before = new Gaps("the period before");
  private readonly earlier = h("p", { class: "earlier", hidden: true }, h("span", {}, "Period before"), this.before.holes, this.before.held);

  constructor(private readonly def: TileDef) {
    this.el = h("footer", { class: "tile-foot" }, this.complete, this.gaps.holes, this.notes, this.gaps.held, this.earlier);
  }

  /** show tells of an answer to a question; `live` says whether the reader expects it to be of now. */
  show(answer: Answer, asked: Query | undefined, range: Range, live: boolean): void {
    const meta = answer.meta;
    const at = Date.parse(meta.completeTo ?? "");
    this.reach(at, range, live);
    const grain = asked?.grain ?? this.def.grain;
    this.gaps.show(meta.holes, meta.heldBack);
    setText(this.notes, [this.def.kind !== "number" && grain !== this.def.grain && `By ${grain}`, meta.truncated && "First rows only"].filter(Boolean).join(" · "));
    this.earlier.hidden = !this.before.show(answer.compare?.holes, answer.compare?.heldBack);
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
