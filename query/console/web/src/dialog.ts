// A window over the page for longer text.
import { h, unique } from "./dom";

/** dialog shows content over the page until it is closed. */
export function dialog(title: string, content: Node[], actions: Node[] = []): void {
  const id = unique("dialog");
  const close = h("button", { class: "button", type: "button", on: { click: () => box.close() } }, "Close");
  const box = h(
    "dialog",
    { class: "dialog", "aria-labelledby": id },
    h("h2", { id, class: "dialog-title" }, title),
    h("div", { class: "dialog-body", tabindex: "0" }, ...content),
    h("div", { class: "dialog-actions" }, ...actions, close),
  );
  box.addEventListener("close", () => box.remove());
  box.addEventListener("click", (e) => {
    if (e.target === box) box.close();
  });
  document.body.append(box);
  box.showModal();
  close.focus();
}

/** showSQL shows a statement, ready to be copied. */
export function showSQL(title: string, sql: string): void {
  const copy: HTMLButtonElement = h("button", { class: "button primary", type: "button" }, "Copy");
  copy.addEventListener("click", () => {
    const done = (): void => void (copy.textContent = "Copied");
    navigator.clipboard?.writeText(sql).then(done, () => void (copy.textContent = "Select and copy by hand"));
  });
  dialog(title, [h("pre", { class: "sql" }, sql)], [copy]);
}

/** showHeldBack explains the rows that figures leave out. */
export function showHeldBack(n: string, figures: string): void {
  dialog("Rows held back", [
    h("p", {}, `${n} could not be read and lie in quarantine, so the figures of ${figures} do not count them.`),
    h("p", {}, "Nothing is lost: each is kept whole with the reason and the field. Look at them with"),
    h("pre", { class: "sql" }, "tarn quarantine list"),
    h("p", {}, "and bring them back, once the cause is mended, with"),
    h("pre", { class: "sql" }, "tarn quarantine replay"),
  ]);
}
