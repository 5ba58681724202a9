import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { HostError } from '../../host/base/errors.ts';
import { replaceFile } from '../../host/storage/replace-file.ts';
import { damageOf, toStorageError } from '../../host/storage/storage-error.ts';

t.test('toStorageError() gives full and unwritable disks codes of their own', async (t) => {
  const codes = {
    ENOSPC: 'storage_full',
    EDQUOT: 'storage_full',
    EFBIG: 'storage_full',
    EACCES: 'storage_readonly',
    EROFS: 'storage_readonly',
    EPERM: 'storage_readonly',
    EMFILE: 'files_exhausted',
    ENFILE: 'files_exhausted',
    EIO: 'storage_failed',
  };
  for (const [errno, code] of Object.entries(codes)) {
    const cause = Object.assign(new Error('low'), { code: errno });
    t.match(toStorageError(cause, 'store', 'x'), { code, cause });
  }
  const coded = new HostError('unknown_artifact', { digest: 'x' });
  t.equal(toStorageError(coded, 'read', 'x'), coded);
});

t.test('damageOf() tells damage of a file from trouble around it', async (t) => {
  const errorOf = (code: string): Error => Object.assign(new Error('low'), { code });
  for (const code of ['EIO', 'EISDIR', 'ENOTDIR', 'EUCLEAN'])
    t.type(damageOf(errorOf(code)), 'string');
  for (const code of ['EMFILE', 'EACCES', 'ENOSPC', 'ENOENT'])
    t.equal(damageOf(errorOf(code)), undefined);
});

t.test('replaceFile() leaves nothing behind when it fails', async (t) => {
  const path = t.testdir({ taken: { by: 'a folder' } });
  await t.rejects(replaceFile(join(path, 'taken'), 'text'));
  t.same(await readdir(path), ['taken']);
});
