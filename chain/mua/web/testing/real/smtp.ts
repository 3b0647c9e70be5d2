import { connect, type Socket } from 'node:net';

/** Hands a letter to a mail server (RFC 5321), as any stranger may. Throws the server's refusal. */
export async function deliver(
  place: { host: string; port: number },
  from: string,
  to: string,
  letter: Buffer,
): Promise<void> {
  const socket = connect(place);
  const said = replies(socket);
  const ask = async (line: string | Buffer, wanted: string): Promise<void> => {
    if (line.length > 0) socket.write(line);
    const { value = 'nothing' } = await said.next();
    if (!String(value).startsWith(wanted)) throw new Error(`the server said: ${value}`);
  };
  try {
    await ask('', '220');
    await ask('EHLO mail.evil.test\r\n', '250');
    await ask(`MAIL FROM:<${from}>\r\n`, '250');
    await ask(`RCPT TO:<${to}>\r\n`, '250');
    await ask('DATA\r\n', '354');
    await ask(stuffed(letter), '250');
    socket.write('QUIT\r\n');
  } finally {
    socket.end();
  }
}

/** Yields the last line of each reply, which may have several. */
async function* replies(socket: Socket): AsyncGenerator<string> {
  let rest = '';
  for await (const piece of socket.setEncoding('utf8')) {
    rest += piece as string;
    let end = rest.indexOf('\r\n');
    while (end >= 0) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 2);
      if (line[3] === ' ') yield line;
      end = rest.indexOf('\r\n');
    }
  }
}

/** Dots at the start of a line doubled, and the end (RFC 5321 §4.5.2). */
function stuffed(letter: Buffer): Buffer {
  const text = letter.toString('latin1').replace(/\r\n\./g, '\r\n..');
  return Buffer.from(`${text}${text.endsWith('\r\n') ? '' : '\r\n'}.\r\n`, 'latin1');
}
