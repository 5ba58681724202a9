import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { RealChanges } from '../../cli/dev/real-changes.ts';

t.test('what is written with the same content has not changed', async (t) => {
  const file = join(t.testdir({ 'a.txt': '1' }), 'a.txt');
  const real = new RealChanges();
  t.same(await real.filter([file]), { changed: [file], made: [] });
  await writeFile(file, '1');
  t.same(await real.filter([file]), { changed: [], made: [] });
  await writeFile(file, '2');
  t.same(await real.filter([file]), { changed: [file], made: [] });
  const gone = join(t.testdirName, 'gone.txt');
  t.same(await real.filter([gone]), { changed: [gone], made: [] }, 'what is gone has changed');
});

t.test(
  'a file that build after build writes is made by it, one that is edited is not',
  async (t) => {
    const dir = t.testdir({ made: '', edited: '' });
    const [made, edited] = [join(dir, 'made'), join(dir, 'edited')];
    const real = new RealChanges();
    const write = async (file: string, text: string, seconds: number): Promise<void> => {
      await writeFile(file, text);
      await utimes(file, seconds, seconds);
    };
    for (let turn = 0; turn < 4; turn += 1) {
      real.setBuild(turn * 10_000, turn * 10_000 + 5000);
      await write(made, `${turn}`, turn * 10 + 1);
      t.same((await real.filter([made])).changed, [made], `turn ${turn}`);
    }
    await write(edited, 'x', 37);
    t.same((await real.filter([edited])).changed, [edited], 'an edit between builds ends the row');
    for (let turn = 4; turn < 8; turn += 1) {
      real.setBuild(turn * 10_000, turn * 10_000 + 5000);
      await write(made, `${turn}`, turn * 10 + 1);
      t.same((await real.filter([made])).changed, [made], `turn ${turn}`);
    }
    real.setBuild(80_000, 85_000);
    await write(made, 'again', 81);
    t.same(await real.filter([made]), { changed: [], made: [made] });
    await write(made, 'and again', 82);
    t.same(await real.filter([made]), { changed: [], made: [] }, 'and stays so');
    await write(made, 'by hand', 90);
    t.same((await real.filter([made])).changed, [made], 'until somebody edits it between builds');
  },
);
