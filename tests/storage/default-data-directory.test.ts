import t from 'tap';
import { defaultDataDirectory, type UserPlace } from '../../host/storage/default-data-directory.ts';

t.test('defaultDataDirectory() follows the custom of each system', async (t) => {
  const cases: readonly [UserPlace, string][] = [
    [{ platform: 'linux', environment: {}, home: '/home/u' }, '/home/u/.local/share/wasi-faas'],
    [{ platform: 'linux', environment: { XDG_DATA_HOME: '/x' }, home: '/home/u' }, '/x/wasi-faas'],
    [
      { platform: 'linux', environment: { XDG_DATA_HOME: 'relative' }, home: '/home/u' },
      '/home/u/.local/share/wasi-faas',
    ],
    [
      { platform: 'darwin', environment: { XDG_DATA_HOME: '/x' }, home: '/Users/u' },
      '/Users/u/Library/Application Support/wasi-faas',
    ],
    [
      { platform: 'win32', environment: { LOCALAPPDATA: 'D:\\Local' }, home: 'C:\\Users\\u' },
      'D:\\Local\\wasi-faas',
    ],
    [
      { platform: 'win32', environment: {}, home: 'C:\\Users\\u' },
      'C:\\Users\\u\\AppData\\Local\\wasi-faas',
    ],
  ];
  for (const [place, expected] of cases) t.equal(defaultDataDirectory(place), expected);
});
