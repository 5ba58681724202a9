/** Whether tests may use what real toolchains download: they build for minutes, and need registries. */

/** Why not; false if they may. */
export const TOOLCHAINS_LEFT_OUT: string | false =
  process.env['FAAS_TOOLCHAINS'] === '1'
    ? false
    : 'downloads and builds for minutes: run "npm run test:toolchains"';
