// The stream of commits. Each says which dataset grew and up to which instant the lake is complete.

export interface Commit { dataset: string; commit: number; completeTo: string | null }
export type Status = "connecting" | "live" | "paused" | "lost";

const firstRetry = 1_000;
const longestRetry = 30_000;

/** Live listens to /api/live, and comes back by itself when the connection is lost. */
export class Live {
  private source: EventSource | null = null;
  private retry = firstRetry;
  private timer = 0;
  status: Status = "connecting";

  constructor(private readonly onCommit: (c: Commit) => void, private readonly onStatus: (s: Status, again: boolean) => void) {}

  start(): void {
    if (this.source) return;
    this.tell("connecting");
    const source = new EventSource("/api/live");
    this.source = source;
    source.addEventListener("open", () => {
      this.retry = firstRetry;
      this.tell("live");
    });
    source.addEventListener("commit", (e) => this.onCommit(JSON.parse((e as MessageEvent<string>).data) as Commit));
    source.addEventListener("error", () => this.lost());
  }

  stop(): void {
    this.close();
    this.tell("paused");
  }

  private lost(): void {
    this.close();
    this.tell("lost");
    this.timer = window.setTimeout(() => this.start(), this.retry);
    this.retry = Math.min(this.retry * 2, longestRetry);
  }

  private close(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  private tell(status: Status): void {
    const again = status === "live" && this.status !== "live";
    this.status = status;
    this.onStatus(status, again);
  }
}
