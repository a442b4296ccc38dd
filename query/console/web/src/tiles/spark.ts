// The small line under a number.
import { svg } from "../dom";

const width = 120;
const height = 32;
const edge = 2;

/** Spark is a line without axes; it says nothing to a screen reader, the number beside it does. */
export class Spark {
  readonly el: SVGElement;
  private readonly area = svg("path", { class: "spark-area" });
  private readonly line = svg("path", { class: "spark-line" });

  constructor() {
    this.el = svg("svg", { class: "spark", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" }, this.area, this.line);
  }

  draw(values: (number | null)[]): void {
    const known = values.filter((v): v is number => v !== null);
    if (known.length < 2) {
      this.line.setAttribute("d", "");
      this.area.setAttribute("d", "");
      return;
    }
    const high = Math.max(...known);
    const least = Math.min(...known);
    const low = least > high / 2 ? least - (high - least) * 0.5 - high * 0.02 : Math.min(0, least); // far from 0, the shape matters more than the distance
    const x = (i: number): string => ((i / (values.length - 1)) * width).toFixed(1);
    const y = (v: number): string => (height - edge - ((v - low) / (high - low || 1)) * (height - 2 * edge)).toFixed(1);
    const points = values.map((v, i) => (v === null ? null : `${x(i)} ${y(v)}`)).filter((p) => p !== null);
    const path = `M${points.join("L")}`;
    const last = values.findLastIndex((v) => v !== null);
    const first = values.findIndex((v) => v !== null);
    this.line.setAttribute("d", path);
    this.area.setAttribute("d", `${path}L${x(last)} ${height}L${x(first)} ${height}Z`);
  }
}
