// A client in JavaScript that a test drives; driven.py says how.

import { createInterface } from "node:readline";
import { createRequire } from "node:module";

export const HOST = "127.0.0.1";

// The server and the account that a client logs in to. Node.js itself takes the certificate to trust from
// NODE_EXTRA_CA_CERTS.
export const door = {
  address: process.env.KNOWN_ADDRESS,
  password: process.env.KNOWN_PASSWORD,
  imaps: Number(process.env.KNOWN_IMAPS),
  jmap: `https://${HOST}:${process.env.KNOWN_HTTPS}/.well-known/jmap`,
};

// The folder of the packages, far from the scripts.
export const modules = process.env.KNOWN_MODULES;
export const require = createRequire(`${modules}/`);

export async function serve(steps) {
  for await (const line of createInterface({ input: process.stdin })) {
    const [name, ...words] = JSON.parse(line);
    let answer;
    try {
      answer = (await steps[name](...words)) ?? null;
    } catch (why) {
      answer = { error: why instanceof Error ? String(why) : JSON.stringify(why), trace: String(why?.stack ?? "") };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  process.exit(0);
}

export const octets = (text) => Buffer.from(text, "base64");
export const text = (octets) => Buffer.from(octets).toString("base64");

// The ids of JMAP mailboxes by their paths, as IMAP writes them.
export function paths(mailboxes) {
  const known = new Map(mailboxes.map((box) => [box.id, box]));
  const path = ({ name, parentId }) =>
    parentId ? `${path(known.get(parentId))}/${name}` : name.toLowerCase() === "inbox" ? "INBOX" : name;
  return new Map(mailboxes.map((box) => [path(box), box.id]));
}
