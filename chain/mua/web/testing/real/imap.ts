import { connect, type TLSSocket } from 'node:tls';
import { createInterface } from 'node:readline';
import type { Office } from './demo';
import { door } from './demo';

/** A mail program that looks into the mailbox beside the pages (RFC 9051), and trusts the demo's own certificate. */
export class MailProgram {
  readonly #lines: AsyncIterator<string>;
  #tag = 0;

  private constructor(readonly socket: TLSSocket) {
    this.#lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  }

  static async logIn(office: Office): Promise<MailProgram> {
    const [who] = office.people;
    const program = new MailProgram(connect({ ...door(office, 'imaps'), rejectUnauthorized: false }));
    await program.#lines.next();
    await program.ask(`LOGIN ${who?.address ?? ''} "${who?.password ?? ''}"`);
    return program;
  }

  /** Sends a command, and returns the lines of its answer. Throws the server's refusal. */
  async ask(command: string): Promise<string[]> {
    const tag = `a${(this.#tag += 1)}`;
    this.socket.write(`${tag} ${command}\r\n`);
    const lines: string[] = [];
    for (;;) {
      const { value, done } = (await this.#lines.next()) as IteratorResult<string, undefined>;
      if (done) throw new Error(`the server hung up on ${command}`);
      if (!value.startsWith(`${tag} `)) lines.push(value);
      else if (value.startsWith(`${tag} OK`)) return lines;
      else throw new Error(`${command}: ${value}`);
    }
  }

  /** Returns true if a letter of this subject lies in the folder; both are plain ASCII. */
  async holds(folder: string, subject: string): Promise<boolean> {
    await this.ask(`EXAMINE "${folder}"`);
    const found = await this.ask(`SEARCH SUBJECT "${subject}"`);
    return found.some((line) => /^\* SEARCH \d/.test(line));
  }

  /** Returns the EMAILID of the only letter of this subject in the folder (RFC 8474). */
  async emailId(folder: string, subject: string): Promise<string | undefined> {
    await this.ask(`EXAMINE "${folder}"`);
    const [found] = (await this.ask(`SEARCH SUBJECT "${subject}"`)).filter((line) =>
      line.startsWith('* SEARCH '),
    );
    const number = found?.split(' ')[2];
    if (!number) return undefined;
    const lines = await this.ask(`FETCH ${number} (EMAILID)`);
    return lines.map((line) => /EMAILID \((\w+)\)/.exec(line)?.[1]).find(Boolean);
  }

  end(): void {
    this.socket.end('z LOGOUT\r\n');
  }
}
