// ImapFlow, driven.

import { HOST, door, octets, require, serve, text } from "./driven.mjs";

const { ImapFlow } = require("imapflow");

const imap = new ImapFlow({
  host: HOST,
  port: door.imaps,
  secure: true,
  auth: { user: door.address, pass: door.password },
  logger: false,
  qresync: true,
});
await imap.connect();

// The structure's leaves, in order.
const leaves = (node) => (node.childNodes ? node.childNodes.flatMap(leaves) : [node]);

async function within([folder, uid], act) {
  const lock = await imap.getMailboxLock(folder);
  try {
    return await act(String(uid));
  } finally {
    lock.release();
  }
}

async function whole(part, uid) {
  const { content } = await imap.download(uid, part, { uid: true });
  const chunks = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

let told;

await serve({
  folders: async () =>
    (await imap.list()).filter(({ flags }) => !flags.has("\\Noselect")).map(({ path }) => path).sort(),
  make: async (folder) => void (await imap.mailboxCreate(folder)),
  rename: async (folder, to) => void (await imap.mailboxRename(folder, to)),
  drop: async (folder) => void (await imap.mailboxDelete(folder)),
  find: (folder, words) =>
    within([folder], async () => (await imap.search({ text: words }, { uid: true })).map((uid) => [folder, uid])),
  read: (handle) =>
    within(handle, async (uid) => {
      const { envelope, bodyStructure } = await imap.fetchOne(uid, { envelope: true, bodyStructure: true }, { uid: true });
      const parts = leaves(bodyStructure);
      const body = parts.find(({ type, disposition }) => type.startsWith("text/") && disposition !== "attachment");
      const attachments = [];
      for (const { part, disposition, dispositionParameters } of parts) {
        if (disposition === "attachment") {
          attachments.push({ name: dispositionParameters.filename, octets: text(await whole(part, uid)) });
        }
      }
      return {
        id: envelope.messageId.replace(/[<>]/g, ""),
        subject: envelope.subject,
        from: envelope.from[0].name,
        text: (await whole(body.part ?? "1", uid)).toString("utf8").trim(),
        attachments,
      };
    }),
  mark: (handle, flag, on) =>
    within(handle, async (uid) => {
      const change = on ? imap.messageFlagsAdd : imap.messageFlagsRemove;
      if (!(await change.call(imap, uid, [flag], { uid: true }))) throw new Error("it was not marked");
    }),
  move: (handle, folder) =>
    within(handle, async (uid) => [folder, (await imap.messageMove(uid, folder, { uid: true })).uidMap.get(Number(uid))]),
  copy: (handle, folder) =>
    within(handle, async (uid) => [folder, (await imap.messageCopy(uid, folder, { uid: true })).uidMap.get(Number(uid))]),
  add: async (folder, letter, flags) => [folder, (await imap.append(folder, octets(letter), flags)).uid],
  destroy: (handle) =>
    within(handle, async (uid) => {
      if (!(await imap.messageDelete(uid, { uid: true }))) throw new Error("it was not deleted");
    }),
  state: (folder) => within([folder], async () => String(imap.mailbox.highestModseq)),
  since: (folder, state) =>
    within([folder], async () => {
      const found = [];
      const changed = { uid: true, changedSince: BigInt(state) };
      for await (const { envelope } of imap.fetch("1:*", { envelope: true }, changed)) {
        found.push(envelope.messageId.replace(/[<>]/g, ""));
      }
      return found.sort();
    }),
  // It goes idle by itself once a folder is open and nothing else is asked; here at once.
  listen: async (folder) => {
    await imap.mailboxOpen(folder);
    told = new Promise((resolve) => imap.once("exists", resolve));
    void imap.idle();
    return "listening";
  },
  heard: async () => (await told).path === "INBOX",
  leave: async () => void (await imap.logout()),
});
