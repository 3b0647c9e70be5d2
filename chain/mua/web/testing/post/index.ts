import { office } from './office';
import { type Desk, type Received } from './people';
import { photos } from './photos';
import { scripts } from './scripts';
import { shops } from './shops';
import { talk } from './talk';

export type { Desk, Received } from './people';

/**
 * Returns a mailbox as people have it: the letters of a week, of every kind that mailers write. The oldest letter comes
 * first.
 */
export function realPost(desk: Desk): Received[] {
  const all = [...photos(desk), ...shops(desk), ...talk(desk), ...scripts(desk), ...office(desk)];
  const when = ({ octets }: Received): number =>
    Date.parse(/^Date: (.*)$/m.exec(octets.toString('latin1').slice(0, 4_000))?.[1] ?? '');
  return all.sort((one, other) => when(one) - when(other));
}
