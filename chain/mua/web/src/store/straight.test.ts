import { describe, expect, it } from 'vitest';
import type { Email, EmailBody } from '../jmap';
import { Records } from './records.svelte';

describe('what strangers call themselves and their files', () => {
  it('is read in one direction', () => {
    const records = new Records();
    const email = { id: 'e1', subject: 'Bill \u202Efdp', from: [{ name: 'Bob \u2066B', email: 'b@x.test' }] };
    records.putEmails([email as Email]);
    expect(records.emails.get('e1')).toEqual({
      ...email,
      subject: 'Bill fdp',
      from: [{ name: 'Bob B', email: 'b@x.test' }],
    });
    const body = {
      id: 'e1',
      consistsOf: [],
      attachments: [{ name: '\u202Egpj.exe' }],
      bodyValues: { 1: { value: '\u202Bשלום\u202C' } },
    };
    records.putBody(body as unknown as EmailBody);
    expect(records.bodies.get('e1')).toEqual({ ...body, attachments: [{ name: 'gpj.exe' }] });
  });

  it('has room for the accents of every language, and for no towers of them', () => {
    const records = new Records();
    const zalgo = `Z${'\u0300\u0489'.repeat(50)}o`;
    records.putEmails([{ id: 'e1', subject: zalgo, preview: 'Vie\u0302\u0323t' } as Email]);
    const { subject, preview } = records.emails.get('e1') ?? {};
    expect([subject, preview]).toEqual(['Z\u0300\u0489\u0300o', 'Vie\u0302\u0323t']);
  });

  it('is not touched where it does not turn, and keeps the marks that Hebrew and Arabic need', () => {
    const records = new Records();
    const email = { id: 'e1', subject: 'שלום\u200F (1)' } as Email;
    records.putEmails([email]);
    expect(records.emails.get('e1')?.subject).toBe(email.subject);
  });
});
