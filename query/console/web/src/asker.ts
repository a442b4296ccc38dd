// When a tile asks, and that it never asks twice at once.
import { ask, type Answer, type Query } from "./api";
import type { Queue } from "./queue";

/** Pace is how long a tile rests between questions: at least `shortest` ms, and `times` as long as the answer took. */
export interface Pace { rank: number; shortest: number; times: number }

// However often the lake grows, a page left open must not keep the machine busy. Figures in large type rest the least.
export const brisk: Pace = { rank: 0, shortest: 300, times: 3 };
export const calm: Pace = { rank: 1, shortest: 1_000, times: 8 };
const longestPause = 10_000;
const adorned = 10_000; // how long what only adorns a figure stays as it is

/** Owner asks the questions and shows the answers, one for each; null stands for an adornment that failed. */
export interface Owner {
  questions(): Query[];
  take(asked: Query[], answers: (Answer | null)[]): void;
  fail(problem: unknown): void;
  busy(now: boolean): void;
}

export class Asker {
  visible = false;
  dirty = true; // the lake has grown, or the question changed, since the last look
  private last: { key: string; at: number; answers: (Answer | null)[] } | null = null;
  private abort: AbortController | null = null;
  private waiting = false; // a question is in the queue or on its way
  private began = 0; // 0: no rest is due
  private took = 0;
  private timer = 0;

  constructor(private readonly owner: Owner, private readonly queue: Queue, private readonly pace: Pace) {}

  /** again asks at once: what is on its way answers another question, or the reader wants it. */
  again(): void {
    this.abort?.abort();
    this.began = 0;
    this.touch();
  }

  /** touch says that it is time to look; a tile out of sight looks when it comes into sight. */
  touch(): void {
    this.dirty = true;
    if (!this.visible || this.waiting || document.hidden) return;
    const pause = Math.min(longestPause, Math.max(this.pace.shortest, this.took * this.pace.times));
    const rest = this.began ? Math.max(0, this.began + pause - performance.now()) : 0;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      if (this.waiting) return;
      this.waiting = true;
      this.queue.add(this.pace.rank, () => this.ask());
    }, rest);
  }

  end(): void {
    clearTimeout(this.timer);
    this.visible = false;
    this.abort?.abort();
  }

  private async ask(): Promise<void> {
    const asked = this.owner.questions();
    const abort = new AbortController();
    const gone = (): boolean => abort.signal.aborted;
    this.abort = abort;
    this.dirty = false;
    this.began = performance.now();
    this.owner.busy(true);
    try {
      const answers = await this.answers(asked, abort.signal);
      if (!gone()) this.owner.take(asked, answers);
    } catch (problem) {
      this.last = null;
      if (!gone()) this.owner.fail(problem);
    }
    this.took = performance.now() - this.began;
    this.waiting = false;
    this.owner.busy(false);
    if (gone()) this.began = 0;
    if (this.dirty || gone()) this.touch();
  }

  /** answers asks all questions. Those after the first only adorn it: they may fail, and need not be of this second. */
  private async answers(asked: Query[], signal: AbortSignal): Promise<(Answer | null)[]> {
    const key = JSON.stringify(asked);
    const kept = this.last?.key === key && this.began - this.last.at < adorned ? this.last : null;
    const one = (q: Query, i: number): Promise<Answer | null> =>
      i === 0 ? ask(q, signal) : kept ? Promise.resolve(kept.answers[i] ?? null) : ask(q, signal).catch(() => null);
    const answers = await Promise.all(asked.map(one));
    this.last = { key, at: kept?.at ?? this.began, answers };
    return answers;
  }
}
