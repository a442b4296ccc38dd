// Which view draws which kind of tile.
import { BarsView } from "./bars";
import { ChartView } from "./chart";
import { HeatView } from "./heat";
import { NumberView } from "./number";
import { TableView } from "./table";
import type { Frame, View } from "./view";

export function viewOf(frame: Frame): View {
  switch (frame.def.kind) {
    case "number":
      return new NumberView(frame);
    case "line":
    case "area":
      return new ChartView(frame);
    case "bar":
      return frame.def.grain ? new ChartView(frame) : new BarsView(frame);
    case "heat":
      return new HeatView(frame);
    default:
      return new TableView(frame);
  }
}
