import t from 'tap';
import { Terminal, type TextStream } from '../../cli/terminal.ts';
import { toTerminalLines, toTerminalText } from '../../cli/terminal-text.ts';

t.test('toTerminalText() shows what could harm a terminal instead of sending it', async (t) => {
  t.equal(toTerminalText('plain text, tab\t, ünï 👋'), 'plain text, tab\t, ünï 👋');
  t.equal(toTerminalText('\x1b]0;title\x07'), '\\x1b]0;title\\x07');
  t.equal(toTerminalText('a\nb\rc\x7f\x9b\u2028'), 'a\\x0ab\\x0dc\\x7f\\x9b\\u2028');
  t.equal(toTerminalText('\u202egnp.exe\u2066'), '\\u202egnp.exe\\u2066');
  t.equal(toTerminalLines('a\x1b\nb\n'), 'a\\x1b\nb\n');
});

t.test('a terminal gets colours only where a person sees them', async (t) => {
  const written = async (isTTY: boolean, environment: Record<string, string>): Promise<string> => {
    let out = '';
    const stream: TextStream = {
      isTTY,
      write: (chunk, done) => {
        out += String(chunk);
        done();
        return true;
      },
    };
    await new Terminal(stream, stream, environment).printTable(['A', 'B'], [['long\x1b', 'x']]);
    return out;
  };
  t.equal(await written(false, {}), 'A         B\nlong\\x1b  x\n');
  t.equal(await written(true, {}), '\x1b[2mA         B\x1b[22m\nlong\\x1b  x\n');
  t.notMatch(await written(true, { NO_COLOR: '1' }), '\x1b');
  t.notMatch(await written(true, { TERM: 'dumb' }), '\x1b');
});
