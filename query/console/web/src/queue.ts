// Few questions at once: numbers first, so that the top of the page is there first.

interface Job { rank: number; run: () => Promise<void> }

/** Queue runs jobs, the lowest rank first, at most `limit` at once. */
export class Queue {
  private waiting: Job[] = [];
  private running = 0;

  constructor(private readonly limit: number) {}

  add(rank: number, run: () => Promise<void>): void {
    const at = this.waiting.findIndex((j) => j.rank > rank);
    this.waiting.splice(at < 0 ? this.waiting.length : at, 0, { rank, run });
    this.next();
  }

  private next(): void {
    while (this.running < this.limit) {
      const job = this.waiting.shift();
      if (!job) return;
      this.running++;
      void job.run().finally(() => {
        this.running--;
        this.next();
      });
    }
  }
}
