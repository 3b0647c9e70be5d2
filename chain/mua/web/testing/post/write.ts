import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { realPost } from './index';

// npx tsx testing/post/write.ts FOLDER [ADDRESS]: writes each letter as a file, for an import or for a look.

const [folder, to = 'alice@alpha.test'] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: npx tsx testing/post/write.ts FOLDER [ADDRESS]');
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
for (const { name, octets } of realPost({ to, now: new Date() }))
  writeFileSync(join(folder, `${name}.eml`), octets);
