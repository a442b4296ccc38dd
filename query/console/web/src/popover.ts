// A panel that opens under a button: closed by Escape, by a click elsewhere, and when the focus leaves it.
import { h, unique } from "./dom";

let open: Popover | null = null;

export class Popover {
  readonly root: HTMLElement;
  readonly id = unique("pop");

  /** fill makes the panel's content each time it opens. */
  constructor(readonly button: HTMLButtonElement, readonly panel: HTMLElement, private readonly fill: () => void = () => {}) {
    this.root = h("div", { class: "pop" }, button, panel);
    panel.id = this.id;
    panel.hidden = true;
    panel.classList.add("pop-panel");
    button.setAttribute("aria-expanded", "false");
    button.setAttribute("aria-controls", this.id);
    button.addEventListener("click", () => (this.panel.hidden ? this.show() : this.hide()));
    this.root.addEventListener("keydown", (e) => this.key(e));
    this.root.addEventListener("focusout", (e) => {
      const to = e.relatedTarget as Node | null;
      if (to && !this.root.contains(to)) this.hide(false);
    });
  }

  show(): void {
    open?.hide(false);
    open = this;
    this.fill();
    this.panel.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    this.place();
    const first = this.panel.querySelector<HTMLElement>("[data-first], button, input, [tabindex]");
    first?.focus({ preventScroll: true });
  }

  hide(back = true): void {
    if (this.panel.hidden) return;
    if (open === this) open = null;
    this.panel.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    if (back) this.button.focus({ preventScroll: true });
  }

  /** place keeps the panel inside the window. */
  private place(): void {
    const margin = 8;
    this.panel.classList.remove("pop-end");
    this.panel.style.translate = "";
    const wide = document.documentElement.clientWidth;
    if (this.panel.getBoundingClientRect().right > wide - margin) this.panel.classList.add("pop-end");
    const box = this.panel.getBoundingClientRect();
    if (box.left < margin) this.panel.style.translate = `${margin - box.left}px 0`;
  }

  private key(e: KeyboardEvent): void {
    if (e.key === "Escape" && !this.panel.hidden) {
      e.stopPropagation();
      this.hide();
    }
    if (e.key === "ArrowDown" && e.target === this.button && this.panel.hidden) {
      e.preventDefault();
      this.show();
    }
  }
}

document.addEventListener("pointerdown", (e) => {
  if (open && !open.root.contains(e.target as Node)) open.hide(false);
});

export interface Item { text: string; run: () => void }

/** menu is a button that opens a list of things to do, walked with the arrow keys. */
export function menu(button: HTMLButtonElement, items: () => Item[]): HTMLElement {
  const panel = h("div", { class: "menu", role: "menu", "aria-label": button.getAttribute("aria-label") ?? "" });
  button.setAttribute("aria-haspopup", "menu");
  const pop = new Popover(button, panel, () => {
    panel.replaceChildren(
      ...items().map((item) => {
        const run = (): void => {
          pop.hide();
          item.run();
        };
        return h("button", { role: "menuitem", type: "button", tabindex: "-1", class: "menu-item", on: { click: run } }, item.text);
      }),
    );
  });
  panel.addEventListener("keydown", (e) => {
    const all = [...panel.querySelectorAll<HTMLElement>("[role=menuitem]")];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: (at + 1) % all.length, ArrowUp: (at - 1 + all.length) % all.length, Home: 0, End: all.length - 1 }[e.key];
    if (e.key === "Tab") pop.hide();
    if (to === undefined) return;
    e.preventDefault();
    all[to]?.focus();
  });
  return pop.root;
}
