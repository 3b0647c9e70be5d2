/** The authors of the letters of these pages. All hosts are under `.test`, which nobody can own (RFC 6761 §6.2). */
export const people = {
  claire: 'Claire Fontaine <claire.fontaine@atelier-nord.test>',
  tom: 'Tom Whitfield <tom@whitfield.test>',
  nadia: 'Nadia Benali <nadia.benali@beta.test>',
  jonas: 'Jonas Weber <jonas.weber@werkstatt.test>',
  dubois: 'Marie-Hélène Dubois <mh.dubois@mairie-saint-jean.test>',
  priya: 'Priya Raman <priya@raman.test>',
  theo: 'Théo Lambert <theo@lambert.test>',
  grandmother: 'Mamie Jeanne <jeanne.lambert@lambert.test>',
  kenji: '佐藤 健二 <kenji.sato@sato.test>',
  olga: 'Ольга Соколова <olga@sokolova.test>',
  layla: 'ليلى حداد <layla@haddad.test>',
  noa: 'נועה לוי <noa@levi.test>',
  wei: '王伟 <wei.wang@wang.test>',
  eleni: 'Ελένη Παππά <eleni@pappa.test>',
} as const;

/** One letter that came: the folder that it would be filed in, and its octets. */
export interface Received {
  /** The name that tells it from the others, and that its file has. */
  name: string;
  octets: Buffer;
}

/** The reader of the letters, and the time of the newest: `now`. */
export interface Desk {
  to: string;
  now: Date;
}

/** Returns the time so many hours before now. */
export function ago({ now }: Desk, hours: number): Date {
  return new Date(now.getTime() - hours * 3_600_000);
}
