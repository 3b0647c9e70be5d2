/** Lets no more than so many tasks run at one time; the others wait, first come, first served. */
export class Turns {
  #running = 0;
  #waiting: (() => void)[] = [];

  constructor(private readonly most: () => number) {}

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running >= this.most()) await new Promise<void>((begin) => this.#waiting.push(begin));
    else this.#running += 1;
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }
}
