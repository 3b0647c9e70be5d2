import { describe, expect, it } from 'vitest';
import { en } from '../i18n/en';
import { fr } from '../i18n/fr';
import { lookOver } from './checks';
import { Draft } from './draft.svelte';

const to = [{ name: null, email: 'bob@beta.test' }];

describe('before a letter goes', () => {
  it('it needs somebody to go to, whose address can be one', () => {
    expect(lookOver(new Draft({ subject: 'x' }), '', {}, en).kind).toBe('missing');
    const wrong = new Draft({ to: [{ name: null, email: 'bob' }], subject: 'x' });
    expect(lookOver(wrong, '', {}, en)).toMatchObject({ kind: 'missing', text: '“bob” is not an address' });
  });

  it('its files are waited for', () => {
    const draft = new Draft({ to, subject: 'x' });
    draft.addAttachment({ name: 'a.pdf', type: '', size: 1 });
    expect(lookOver(draft, '', {}, en)).toMatchObject({ kind: 'missing', text: en.compose.stillUploading });
  });

  it('it does not go without a file that was to be attached', () => {
    const draft = new Draft({ to, subject: 'x' });
    draft.addAttachment({ name: 'a.pdf', type: '', size: 1, failed: true });
    draft.addAttachment({ name: 'b.pdf', type: '', size: 1 });
    const text = en.compose.uploadMissing('a.pdf');
    expect(lookOver(draft, '', {}, en)).toMatchObject({ kind: 'missing', text });
  });

  it('an empty subject is asked about once', () => {
    const draft = new Draft({ to });
    expect(lookOver(draft, '', {}, en)).toEqual({ kind: 'ask', about: 'subject' });
    expect(lookOver(draft, '', { subject: true }, en)).toEqual({ kind: 'go' });
  });

  it('a file that is spoken of and not there is asked about, in one’s own words only', () => {
    const draft = new Draft({ to, subject: 'x' });
    expect(lookOver(draft, 'It is attached.', {}, en)).toEqual({ kind: 'ask', about: 'attachment' });
    expect(lookOver(draft, 'Voir le devis ci-joint.', {}, fr)).toEqual({ kind: 'ask', about: 'attachment' });
    expect(lookOver(draft, 'Thanks!\n\n> It is attached.', {}, en)).toEqual({ kind: 'go' });
    expect(lookOver(draft, 'See below\n---------- Forwarded letter ----------\nattached', {}, en)).toEqual({
      kind: 'go',
    });
    draft.addAttachment({ name: 'a.pdf', type: '', size: 1, blobId: 'b' });
    expect(lookOver(draft, 'It is attached.', {}, en)).toEqual({ kind: 'go' });
  });
});
