import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The answer of `facteur demo --json` about one of its offices. */
export interface Office {
  domain: string;
  people: { address: string; password: string }[];
  listen: Record<string, string>;
  web: string;
}

/** Two servers that run. */
export interface Demo {
  alpha: Office;
  beta: Office;
  stop(): Promise<void>;
}

const built = fileURLToPath(new URL('../../../../../target/debug/facteur', import.meta.url));

/** Starts the program that a newcomer starts; `FACTEUR_PROGRAM` names another one than the development build. */
export async function startDemo(): Promise<Demo> {
  const program = process.env.FACTEUR_PROGRAM ?? built;
  const child = spawn(program, ['demo', '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const complaints: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => complaints.push(text));
  const line = await firstLine(child, 120_000).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw new Error(`${program} demo did not start: ${String(error)}\n${complaints.join('')}`);
  });
  const { offices } = JSON.parse(line) as { offices: Office[] };
  const office = (domain: string): Office => {
    const found = offices.find((one) => one.domain === domain);
    if (!found) throw new Error(`no ${domain} in ${line}`);
    return found;
  };
  return { alpha: office('alpha.test'), beta: office('beta.test'), stop: () => stop(child) };
}

function firstLine(child: ChildProcess, milliseconds: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('it said nothing in time')), milliseconds);
    const done = (act: () => void): void => {
      clearTimeout(timer);
      act();
    };
    child.once('error', (error) => done(() => reject(error)));
    child.once('exit', (code) => done(() => reject(new Error(`it ended with ${code}`))));
    if (child.stdout)
      createInterface({ input: child.stdout }).once('line', (line) => done(() => resolve(line)));
  });
}

function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const impatient = setTimeout(() => child.kill('SIGKILL'), 10_000);
    child.once('exit', () => {
      clearTimeout(impatient);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

/** Returns host and port of one of a server's doors. */
export function door(office: Office, name: string): { host: string; port: number } {
  const place = office.listen[name] ?? '';
  const at = place.lastIndexOf(':');
  return { host: place.slice(0, at), port: Number(place.slice(at + 1)) };
}
