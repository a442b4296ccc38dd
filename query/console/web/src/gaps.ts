// What figures leave out: changes that are missing, and rows that are held back.
import type { Hole } from "./api";
import { showHeldBack } from "./dialog";
import { h, setText, setTitle } from "./dom";
import { count } from "./format";
import { full } from "./zone";

const instant = (text: string | undefined): string => (text ? full(Date.parse(text)) : "?");

export class Gaps {
  readonly holes = h("span", { class: "notes stale" });
  readonly held = h("button", { class: "badge held", type: "button", hidden: true });
  private rows = 0;

  /** `figures` names whose figures they are. */
  constructor(figures: string) {
    this.held.addEventListener("click", () => showHeldBack(count(this.rows, "row"), figures));
  }

  /** show reports whether anything is left out. */
  show(holes: Hole[] = [], rows = 0): boolean {
    setText(this.holes, holes.length ? `${count(holes.length, "hole")}: changes are missing` : "");
    setTitle(this.holes, holes.map((o) => `${instant(o.from)} – ${instant(o.to)}: ${o.reason}`).join("\n"));
    this.rows = rows;
    this.held.hidden = !rows;
    setText(this.held, `${count(rows, "row")} held back`);
    return holes.length > 0 || rows > 0;
  }
}
