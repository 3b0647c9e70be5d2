// jmap-jam, driven.

import { door, modules, octets, paths, serve, text } from "./driven.mjs";

const { JamClient } = await import(`${modules}/jmap-jam/dist/index.js`);

// Jam itself knows bearer tokens only. Who has a name and a password gives it those as its token, and sends them as what they are.
const basic = `Basic ${text(`${door.address}:${door.password}`)}`;
const plain = globalThis.fetch;
globalThis.fetch = (url, { headers, ...more }) => plain(url, { ...more, headers: { ...headers, Authorization: basic } });

const jam = new JamClient({ sessionUrl: door.jmap, bearerToken: "see above" });
const accountId = await jam.getPrimaryAccount();

const boxes = async () => (await jam.api.Mailbox.get({ accountId, ids: null }))[0].list;
const box = async (folder) => paths(await boxes()).get(folder);
const role = async (name) => (await boxes()).find(({ role }) => role === name).id;
const keyword = (flag) => ({ "\\Seen": "$seen", "\\Flagged": "$flagged" })[flag] ?? flag;

// A `/set` that says no is no error of its own.
function must(answer) {
  for (const kind of ["notCreated", "notUpdated", "notDestroyed"]) {
    if (answer[kind] && Object.keys(answer[kind]).length) throw new Error(`${kind}: ${JSON.stringify(answer[kind])}`);
  }
  return answer;
}

const set = async (entity, change) => must((await jam.api[entity].set({ accountId, ...change }))[0]);
const update = (id, patch) => set("Email", { update: { [id]: patch } });

async function upload(letter, type) {
  return (await jam.uploadBlob(accountId, new Blob([octets(letter)], { type }))).blobId;
}

async function download({ blobId, type, name }) {
  const response = await jam.downloadBlob({ accountId, blobId, mimeType: type, fileName: name });
  return { name, octets: text(await response.arrayBuffer()) };
}

let told;

await serve({
  folders: async () => [...paths(await boxes()).keys()].sort(),
  make: async (folder) => {
    const at = folder.lastIndexOf("/");
    const parentId = at < 0 ? null : await box(folder.slice(0, at));
    await set("Mailbox", { create: { k: { name: folder.slice(at + 1), parentId } } });
  },
  rename: async (folder, to) => {
    await set("Mailbox", { update: { [await box(folder)]: { name: to, parentId: null } } });
  },
  drop: async (folder) => void (await set("Mailbox", { destroy: [await box(folder)] })),
  find: async (folder, words) => {
    const filter = { operator: "AND", conditions: [{ inMailbox: await box(folder) }, { text: words }] };
    return (await jam.api.Email.query({ accountId, filter }))[0].ids;
  },
  read: async (id) => {
    const properties = ["messageId", "subject", "from", "textBody", "bodyValues", "attachments"];
    const wanted = { accountId, ids: [id], properties, fetchTextBodyValues: true };
    const [{ emails }] = await jam.requestMany((t) => ({ emails: t.Email.get(wanted) }));
    const [email] = emails.list;
    return {
      id: email.messageId[0],
      subject: email.subject,
      from: email.from[0].name,
      text: email.bodyValues[email.textBody[0].partId].value.trim(),
      attachments: await Promise.all(email.attachments.map(download)),
    };
  },
  mark: async (id, flag, on) => void (await update(id, { [`keywords/${keyword(flag)}`]: on ? true : null })),
  move: async (id, folder) => {
    await update(id, { mailboxIds: { [await box(folder)]: true } });
    return id;
  },
  add: async (folder, letter, flags) => {
    const keywords = Object.fromEntries(flags.map((flag) => [keyword(flag), true]));
    const email = { blobId: await upload(letter, "message/rfc822"), mailboxIds: { [await box(folder)]: true }, keywords };
    const [answer] = await jam.api.Email.import({ accountId, emails: { k: email } });
    return must(answer).created.k.id;
  },
  destroy: async (id) => void (await set("Email", { destroy: [id] })),
  state: async () => (await jam.api.Email.get({ accountId, ids: [] }))[0].state,
  since: async (_folder, sinceState) => {
    const [{ fresh, old }] = await jam.requestMany((t) => {
      const changes = t.Email.changes({ accountId, sinceState });
      const get = (path) => t.Email.get({ accountId, ids: changes.$ref(path), properties: ["messageId"] });
      return { changes, fresh: get("/created"), old: get("/updated") };
    });
    return [...fresh.list, ...old.list].map(({ messageId }) => messageId[0]).sort();
  },
  // Its event source is the browser's, which Node.js 20 has not and which sends no log-in; this is the same by hand.
  listen: async () => {
    const { eventSourceUrl } = await jam.session;
    const url = eventSourceUrl.replace("{types}", "Email").replace("{closeafter}", "state").replace("{ping}", "0");
    const response = await fetch(url, { headers: { Accept: "text/event-stream" } });
    told = response.text();
    return "listening";
  },
  heard: async () => /^event: ?state$/m.test(await told),
  send: async (to, subject, words, name, file) => {
    const [drafts, sent] = [await role("drafts"), await role("sent")];
    const [identities] = await jam.api.Identity.get({ accountId, ids: null });
    const attachment = { blobId: await upload(file, "application/octet-stream"), name, type: "application/octet-stream" };
    const draft = {
      mailboxIds: { [drafts]: true },
      keywords: { $draft: true, $seen: true },
      from: [{ name: null, email: identities.list[0].email }],
      to: [{ name: null, email: to }],
      subject,
      textBody: [{ partId: "1", type: "text/plain" }],
      bodyValues: { 1: { value: words, isEncodingProblem: false, isTruncated: false } },
      attachments: [{ ...attachment, disposition: "attachment" }],
    };
    const id = (await set("Email", { create: { k: draft } })).created.k.id;
    const gone = { mailboxIds: { [sent]: true }, "keywords/$draft": null };
    const create = { s: { emailId: id, identityId: identities.list[0].id } };
    const [answer] = await jam.api.EmailSubmission.set(
      { accountId, create, onSuccessUpdateEmail: { "#s": gone } },
      { using: ["urn:ietf:params:jmap:mail"] },
    );
    must(answer);
  },
  leave: async () => null,
});
