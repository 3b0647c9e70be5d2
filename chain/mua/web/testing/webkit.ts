import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';

/** WebKit as Debian builds it (webkit2gtk-driver), driven by WebDriver: playwright drives only builds of its own. */

type Answer = Record<string, unknown>;

/** The name under which WebDriver tells an element (WebDriver §12.1). */
const elementKey = 'element-6066-11e4-a52e-4f735466cecf';

/** One window of WebKit, with nothing remembered, on a screen of its own. */
export class WebKit {
  private constructor(
    private readonly programs: ChildProcess[],
    private readonly address: string,
  ) {}

  static async start(): Promise<WebKit> {
    const screen = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '1440x900x24', '-nolisten', 'tcp'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const display = await firstLine(screen, 'Xvfb (xvfb)');
    const port = await freePort();
    const driver = spawn('WebKitWebDriver', [`--port=${port}`, '--host=127.0.0.1'], {
      stdio: 'ignore',
      env: {
        ...process.env,
        DISPLAY: `:${display}`,
        // Some machines that run tests lack graphics cards and namespaces; only our own pages are opened.
        LIBGL_ALWAYS_SOFTWARE: '1',
        WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
      },
    });
    const failed = new Promise<never>((_, reject) => driver.once('error', reject));
    const base = `http://127.0.0.1:${port}`;
    const begun = await Promise.race([failed, session(base)]);
    return new WebKit([driver, screen], `${base}/session/${begun}`);
  }

  async open(url: string): Promise<void> {
    await call('POST', `${this.address}/url`, { url });
  }

  /** Returns the result of a function that runs in the page; the function knows nothing from outside but `values`. */
  async run<T>(task: (...values: string[]) => T, ...values: string[]): Promise<T> {
    const script = `return (${task.toString()})(...arguments)`;
    return (await call('POST', `${this.address}/execute/sync`, { script, args: values })) as T;
  }

  /** Types into the element that a selector finds. */
  async type(selector: string, text: string): Promise<void> {
    await call('POST', `${this.address}/element/${await this.#find(selector)}/value`, { text });
  }

  async click(selector: string): Promise<void> {
    await call('POST', `${this.address}/element/${await this.#find(selector)}/click`, {});
  }

  async close(): Promise<void> {
    await call('DELETE', this.address).catch(() => undefined);
    for (const program of this.programs) program.kill();
  }

  async #find(selector: string): Promise<string> {
    const found = await call('POST', `${this.address}/element`, { using: 'css selector', value: selector });
    return String((found as Answer)[elementKey]);
  }
}

/** Begins as soon as the driver listens. */
async function session(base: string): Promise<string> {
  const end = Date.now() + 60_000;
  for (;;) {
    try {
      const begun = (await call('POST', `${base}/session`, { capabilities: {} })) as Answer;
      await call('POST', `${base}/session/${String(begun.sessionId)}/timeouts`, { implicit: 60_000 });
      return String(begun.sessionId);
    } catch (error) {
      if (Date.now() > end || !(error instanceof TypeError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function call(method: string, address: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(address, { method, ...(body ? { body: JSON.stringify(body) } : {}) });
  const { value } = (await answer.json()) as { value: unknown };
  if (!answer.ok) throw new Error(`WebKit refused ${address}: ${JSON.stringify(value)}`);
  return value;
}

function firstLine(program: ChildProcess, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    program.once('error', (error) => reject(new Error(`${name} did not start: ${error.message}`)));
    program.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)));
    if (program.stdout) createInterface({ input: program.stdout }).once('line', resolve);
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
