// What every kind of tile does with its answers.
import type { Answer } from "../api";
import type { Metric, TileDef } from "../catalog";

/** Frame is what a tile's content knows of the tile. */
export interface Frame { def: TileDef; metric: Metric; body: HTMLElement; grain(): string }

/** View draws answers into a tile's body. It changes what is there instead of replacing it, so that nothing flickers. */
export interface View {
  /** draw shows the answers, one for each question; null stands for an adornment that failed. */
  draw(answers: (Answer | null)[]): void;
  /** end lets go of what the view holds. */
  end(): void;
}
