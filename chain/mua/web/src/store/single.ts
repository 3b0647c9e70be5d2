/** A request that runs once at a time: a caller who wants it while it runs has it done once more afterwards. */
export class Single {
  #running = false;
  #wanted = false;

  constructor(
    private readonly ask: () => Promise<void>,
    private readonly again: () => unknown,
  ) {}

  async run(): Promise<void> {
    if (this.#running) {
      this.#wanted = true;
      return;
    }
    this.#running = true;
    try {
      await this.ask();
    } catch {
      // The connection shows that the server is unreachable, and calls again when it is back.
    } finally {
      this.#running = false;
    }
    if (this.#wanted) {
      this.#wanted = false;
      await this.again();
    }
  }
}
