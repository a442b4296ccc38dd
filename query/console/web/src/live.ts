// The stream of commits and alarms. A commit says which dataset grew and up to which instant the lake is complete.

export interface Commit { dataset: string; commit: number; completeTo: string | null }
export type Status = "connecting" | "live" | "paused" | "lost";

const firstRetry = 1_000;
const longestRetry = 30_000;

/** Live listens to /api/live, and comes back by itself when the connection is lost. */
export class Live {
  private source: EventSource | null = null;
  private retry = firstRetry;
  private again = 0; // how long after an answer ends the server wants to be asked again; 0: answers do not end
  private timer = 0;
  status: Status = "connecting";

  constructor(private readonly onCommit: (c: Commit) => void, private readonly onAlarms: (all: string[]) => void, private readonly onStatus: (s: Status, again: boolean) => void) {}

  start(): void {
    if (this.source) return;
    if (this.again === 0) this.tell("connecting");
    const source = new EventSource("/api/live");
    this.source = source;
    source.addEventListener("open", () => {
      this.retry = firstRetry;
      this.onAlarms([]); // those that there are come next
      this.tell("live");
    });
    source.addEventListener("commit", (e) => this.onCommit(JSON.parse((e as MessageEvent<string>).data) as Commit));
    source.addEventListener("alarms", (e) => this.onAlarms(JSON.parse((e as MessageEvent<string>).data) as string[]));
    source.addEventListener("again", (e) => (this.again = Number((e as MessageEvent<string>).data)));
    source.addEventListener("error", () => this.ended(source));
  }

  stop(): void {
    this.close();
    this.tell("paused");
  }

  /** ended tells an answer that came to its end from one that broke off. */
  private ended(source: EventSource): void {
    if (this.again === 0 || source.readyState === EventSource.CLOSED) {
      this.again = 0;
      this.lost();
      return;
    }
    this.close();
    this.timer = window.setTimeout(() => this.start(), this.again);
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
