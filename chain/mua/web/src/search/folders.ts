import type { Role } from '../jmap';
import { fold } from './fold';
import type { Code } from './operators';

/** The name of a folder with a role behind `in:`, whatever its own name is. */
interface Names {
  en: string;
  fr: string;
  also: string[];
}

const names: Partial<Record<Role, Names>> = {
  inbox: { en: 'inbox', fr: 'réception', also: ['boîte de réception'] },
  drafts: { en: 'drafts', fr: 'brouillons', also: ['draft', 'brouillon'] },
  sent: { en: 'sent', fr: 'envoyés', also: ['envoyé', 'sent mail'] },
  archive: { en: 'archive', fr: 'archives', also: [] },
  junk: { en: 'junk', fr: 'indésirables', also: ['spam', 'indésirable', 'pourriel', 'pourriels'] },
  trash: { en: 'trash', fr: 'corbeille', also: ['bin', 'deleted'] },
};

export function roleNamed(name: string): Role | undefined {
  const wanted = fold(name);
  const found = Object.entries(names).find(([, { en, fr, also }]) =>
    [en, fr, ...also].some((one) => fold(one) === wanted),
  );
  return found?.[0] as Role | undefined;
}

/** Returns the name by which `in:` finds the folder with this role. */
export function roleName(role: Role, code: Code): string | undefined {
  return names[role]?.[code];
}
