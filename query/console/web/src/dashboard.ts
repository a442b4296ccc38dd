// The grid of tiles, and when which of them look again.
import type { Dashboard } from "./catalog";
import { h } from "./dom";
import type { Commit } from "./live";
import { Tile, type Page } from "./tile";

const settle = 60; // ms that commits of several datasets get to come together
const poll = 30_000; // a lake at rest tells nothing, yet becomes older

/** Board is one dashboard's tiles. */
export class Board {
  readonly el = h("div", { class: "grid" });
  private readonly tiles: Tile[];
  private readonly grown = new Set<string>();
  private readonly seen: IntersectionObserver;
  private readonly timers: number[] = [];
  private timer = 0;

  constructor(dashboard: Dashboard, page: Page) {
    this.tiles = dashboard.tiles.map((def) => new Tile(def, page));
    this.el.append(...this.tiles.map((t) => t.el));
    const byElement = new Map(this.tiles.map((t) => [t.el as Element, t]));
    this.seen = new IntersectionObserver((entries) => {
      for (const e of entries) {
        const { asker } = byElement.get(e.target)!;
        const came = e.isIntersecting && !asker.visible;
        asker.visible = e.isIntersecting;
        if (came && asker.dirty) asker.touch();
      }
    }, { rootMargin: "200px" });
    this.tiles.forEach((t) => this.seen.observe(t.el));
    this.timers.push(window.setInterval(() => this.tiles.forEach((t) => t.age()), 5_000));
    this.timers.push(window.setInterval(() => page.live() && this.touch(), poll));
  }

  /** commit has the tiles over the dataset look again. */
  commit(c: Commit): void {
    this.grown.add(c.dataset);
    if (this.timer) return;
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      const grown = [...this.grown];
      this.grown.clear();
      for (const t of this.tiles) if (grown.some((d) => t.concerns(d))) t.asker.touch();
    }, settle);
  }

  reload(): void {
    this.tiles.forEach((t) => t.reload());
  }

  touch(): void {
    this.tiles.forEach((t) => t.asker.touch());
  }

  end(): void {
    clearTimeout(this.timer);
    this.timers.forEach((t) => clearInterval(t));
    this.seen.disconnect();
    this.tiles.forEach((t) => t.end());
  }
}
