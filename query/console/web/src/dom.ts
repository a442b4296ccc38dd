// Elements without markup in strings, so that nothing from an answer can ever become markup.

type Child = Node | string | null | undefined | false;
type Props = Record<string, unknown> & { on?: Record<string, (e: Event) => void> };

/** h makes an element. Props are attributes; `on` holds listeners; true is an attribute without value. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const el = document.createElement(tag);
  apply(el, props);
  el.append(...children.filter((c): c is Node | string => !!c));
  return el;
}

/** svg makes an element of a drawing. */
export function svg(tag: string, props: Props = {}, ...children: Node[]): SVGElement {
  const el = document.createElementNS("http://www.w3.org/2000/svg", tag);
  apply(el, props);
  el.append(...children);
  return el;
}

function apply(el: Element, props: Props): void {
  for (const [name, value] of Object.entries(props)) {
    if (name === "on") {
      for (const [event, fn] of Object.entries(props.on ?? {})) el.addEventListener(event, fn);
    } else if (value !== false && value != null) {
      el.setAttribute(name, value === true ? "" : String(value));
    }
  }
}

/** setText changes a text only where it differs, so that nothing is painted again for nothing. */
export function setText(el: Element, text: string): boolean {
  if (el.textContent === text) return false;
  el.textContent = text;
  return true;
}

/** setTitle changes the full text behind an element. */
export function setTitle(el: Element, text: string): void {
  if (el.getAttribute("title") !== text) el.setAttribute("title", text);
}

const highest = 400; // px that a list takes for itself

/** fit has a list that scrolls be as high as what it holds, up to a limit, and higher only where its tile is. */
export function fit(box: HTMLElement, held: HTMLElement): void {
  box.style.flexBasis = `${Math.min(highest, held.offsetHeight)}px`;
}

let count = 0;

/** unique returns an id that nothing else on the page has. */
export const unique = (prefix: string): string => `${prefix}-${++count}`;

const paths: Record<string, string> = {
  menu: "M4 8h.01M8 8h.01M12 8h.01",
  pause: "M6 4v8M10 4v8",
  play: "M5.5 3.500v9l7-4.500z",
  sun: "M8 2v1.500M8 12.500V14M2 8h1.500M12.5 8H14M3.8 3.800l1 1M11.2 11.200l1 1M3.8 12.200l1-1M11.2 4.800l1-1M8 5.500a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
  moon: "M13 9.500A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.500z",
  auto: "M8 2.500a5.5 5.5 0 1 0 0 11zM8 2.500a5.5 5.5 0 0 1 0 11",
  down: "M4.5 6.5 8 10l3.5-3.5",
  check: "M3.5 8.5 6.5 11.5 12.5 5",
  warn: "M8 2.8 14 13H2zM8 6.800v2.700M8 11.400v.01",
  exit: "M6.5 3H3.500v10h3M7 8h6M10.5 5.5 13 8l-2.5 2.5",
  place: "M8 14s4.5-4.2 4.5-7.500a4.5 4.5 0 0 0-9 0C3.5 9.8 8 14 8 14zM8 5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3z",
  day: "M3 4.500h10v8.500H3zM3 7h10M5.5 3v2.500M10.5 3v2.5",
};

/** icon draws one of the page's own icons; it says nothing to a screen reader. */
export function icon(name: string): SVGElement {
  return svg("svg", { viewBox: "0 0 16 16", class: `icon icon-${name}`, "aria-hidden": "true" }, svg("path", { d: paths[name] ?? "" }));
}
