// The top of the page: what it is, whether it is live, how it looks, who looks.
import type { Catalog } from "./catalog";
import { h, icon, setText, setTitle } from "./dom";
import { count } from "./format";
import type { Status } from "./live";
import { menu } from "./popover";
import type { Store } from "./state";
import { choice, turn } from "./theme";
import { clockTime, full } from "./zone";

const words: Record<Status, string> = { connecting: "Connecting", live: "Live", paused: "Paused", lost: "Reconnecting" };
const looks = { auto: "as the system has it", light: "light", dark: "dark" };

export interface Brand { title: string; logo: string; version: string }

/** Header shows the state of the live connection; `toggle` pauses and resumes it. */
export class Header {
  readonly el: HTMLElement;
  private readonly status = h("span", { class: "status-word", role: "status" });
  private readonly at = h("span", { class: "status-time" });
  private readonly alarms = h("span", { class: "badge alarms", role: "alert", tabindex: "0", hidden: true });
  private newest = 0;
  private readonly pause = h("button", { class: "icon-button", type: "button", "data-live": "toggle" });

  constructor(brand: Brand, catalog: Catalog, store: Store, toggle: () => void) {
    this.pause.addEventListener("click", toggle);
    this.el = h("header", { class: "top" },
      h("a", { class: "brand", href: "/", "aria-label": `${brand.title}: first page` }, h("img", { src: brand.logo, alt: "", width: 28, height: 28 }), h("span", {}, brand.title)),
      switcher(catalog, store),
      h("div", { class: "status" }, h("span", { class: "pulse", "aria-hidden": "true" }), this.status, this.at, this.alarms, this.pause),
      themeButton(), who(catalog, brand));
    this.show("connecting");
  }

  show(status: Status): void {
    this.el.dataset["status"] = status;
    setText(this.status, words[status]);
    const name = status === "paused" ? "Resume live updates" : "Pause live updates";
    this.pause.setAttribute("aria-label", name);
    setTitle(this.pause, name);
    this.pause.replaceChildren(icon(status === "paused" ? "play" : "pause"));
  }

  /** alarm says what the machine wants people to look at: heartbeats that do not come through, data that is old, holes. */
  alarm(all: string[]): void {
    this.alarms.hidden = all.length === 0;
    setText(this.alarms, count(all.length, "alarm"));
    setTitle(this.alarms, all.join("\n"));
    this.alarms.setAttribute("aria-label", all.join(". "));
  }

  /** complete says up to when the data reaches, where that is later than what is said already. */
  complete(instant: number): void {
    if (instant <= this.newest) return;
    this.newest = instant;
    setText(this.at, `data to ${clockTime(instant)}`);
    setTitle(this.at, `Data complete to ${full(instant)}`);
  }
}

function switcher(catalog: Catalog, store: Store): HTMLElement {
  const all = catalog.dashboards;
  if (all.length < 2) return h("h1", { class: "page-title", title: all[0]?.title ?? "" }, all[0]?.title ?? "");
  const select = h("select", { class: "page-title", "aria-label": "Dashboard" }, ...all.map((d) => h("option", { value: d.name }, d.title)));
  select.addEventListener("change", () => store.set({ dashboard: select.value }));
  const update = (): void => void (select.value = store.now.dashboard);
  store.listen(update);
  update();
  return h("h1", { class: "page-switch" }, select, icon("down"));
}

function themeButton(): HTMLElement {
  const button = h("button", { class: "icon-button", type: "button", "data-theme-toggle": true });
  const update = (): void => {
    const now = choice();
    button.replaceChildren(icon({ auto: "auto", light: "sun", dark: "moon" }[now]));
    button.setAttribute("aria-label", `Theme: ${looks[now]}. Change it`);
    setTitle(button, `Theme: ${looks[now]}`);
  };
  button.addEventListener("click", () => {
    turn();
    update();
  });
  update();
  return button;
}

function who(catalog: Catalog, brand: Brand): HTMLElement {
  const id = catalog.viewer.id || "viewer";
  const regions = catalog.viewer.regions ?? [];
  const button = h("button", { class: "avatar", type: "button", "aria-label": `Signed in as ${id}`, title: `${id} · ${regions.includes("*") ? "every region" : regions.join(", ")}${brand.version ? ` · ${brand.title} ${brand.version}` : ""}` }, id.slice(0, 1).toUpperCase());
  return menu(button, () => [{ text: `Sign out ${id}`, run: () => void fetch("/session/end", { method: "POST" }).then(() => location.assign("/")) }]);
}
