// The dashboard's page.
import "./css/base.css";
import "./css/controls.css";
import "./css/page.css";
import "./css/tile.css";
import "./css/figures.css";
import { catalog as fetchCatalog, Problem } from "./api";
import type { Catalog } from "./catalog";
import { Board } from "./dashboard";
import { h } from "./dom";
import { filters } from "./filters";
import { Header } from "./header";
import { Live, type Status } from "./live";
import { Queue } from "./queue";
import { Store } from "./state";
import type { Page } from "./tile";
import { setZone } from "./zone";

const atOnce = 5; // a browser opens six connections to one host, and one of them is the stream of commits

async function start(app: HTMLElement): Promise<void> {
  const catalog = await fetchCatalog();
  setZone(catalog.zone);
  const brand = { title: app.dataset["title"] ?? "Tarn", logo: app.dataset["logo"] ?? "", version: app.dataset["version"] ?? "" };
  const first = catalog.dashboards[0];
  if (!first) {
    app.replaceChildren(h("p", { class: "starting" }, "There is no dashboard yet: add a <name>.dashboard.yaml beside the dataset’s schema."));
    return;
  }
  const store = new Store({ dashboard: first.name, range: { name: "last-7d" }, divisions: [] });
  run(app, catalog, store, brand);
}

function run(app: HTMLElement, catalog: Catalog, store: Store, brand: { title: string; logo: string; version: string }): void {
  let board: Board;
  const status = (s: Status, again: boolean): void => {
    header.show(s);
    if (again) board?.touch();
  };
  const live = new Live((c) => {
    if (c.completeTo) header.complete(Date.parse(c.completeTo));
    board.commit(c);
  }, (all) => header.alarm(all), status);
  const header = new Header(brand, catalog, store, () => (live.status === "paused" ? live.start() : live.stop()));
  const page: Page = { catalog, queue: new Queue(atOnce), state: () => store.now, live: () => live.status !== "paused", complete: (at) => header.complete(at) };
  const main = h("main", { id: "main", tabindex: "-1" });
  const open = (): void => {
    const dashboard = catalog.dashboards.find((d) => d.name === store.now.dashboard) ?? catalog.dashboards[0]!;
    board?.end();
    board = new Board(dashboard, page);
    main.replaceChildren(board.el);
    document.title = `${dashboard.title} · ${brand.title}`;
  };
  open();
  store.listen((now, before) => (now.dashboard === before.dashboard ? board.reload() : open()));
  app.replaceChildren(h("a", { class: "skip", href: "#main" }, "Skip to the figures"), header.el, filters(store, catalog), main);
  document.addEventListener("visibilitychange", () => !document.hidden && board.touch());
  live.start();
}

function refuse(app: HTMLElement, problem: unknown): void {
  const p = problem instanceof Problem ? problem : new Problem(0, "The page could not start", String(problem));
  const again = h("button", { class: "button primary", type: "button", on: { click: () => location.reload() } }, "Try again");
  app.replaceChildren(h("div", { class: "state starting", role: "alert" }, h("h1", {}, p.title), h("p", { class: "muted" }, p.message), again));
}

const app = document.getElementById("app")!;
start(app).catch((problem: unknown) => refuse(app, problem));
