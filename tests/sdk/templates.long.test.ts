/**
 * Every template as its user meets it: `faas new`, the tests it brings, `faas build` with the real toolchain,
 * `faas deploy` to a host, and requests. A language whose tools are not installed is skipped, and the reason says which.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { EXIT } from '../../cli/exit-codes.ts';
import { findTemplate } from '../../cli/project/templates.ts';
import { runFaas } from '../e2e/host-process.ts';
import { missingToolchain, type PackageRegistry } from './toolchains.ts';
import { openRunningHost, type RunningHost } from '../e2e/running-host.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** More than a chunk of any SDK, and than any buffer between client and function. */
const BODY_BYTES = 4 * 1024 * 1024;
const NAME = 'my-function';

t.setTimeout(900_000);

interface Template {
  /** Runs the tests that the template brings. */
  readonly test: readonly string[];
  /** Where packages of npm come from: the checkout has jco; `install` takes all from the registry. */
  readonly packages?: 'checkout' | 'install';
  /** What its build downloads from. */
  readonly registry?: PackageRegistry;
  /** Its instances take one request each: reuse is refused. */
  readonly isOnce?: true;
}

const TEMPLATES: Readonly<Record<string, Template>> = {
  c: { test: ['make', 'test'] },
  cgi: { test: ['go', 'test', './...'] },
  go: { test: ['go', 'test', './...'], packages: 'checkout' },
  hono: { test: ['npm', 'test'], packages: 'install', registry: 'npm', isOnce: true },
  js: { test: ['npm', 'test'], packages: 'checkout', isOnce: true },
  python: { test: ['python3', '-m', 'unittest', 'discover', 'tests', '-t', '.'] },
  rust: { test: ['cargo', 'test'], registry: 'crates.io' },
  ts: { test: ['npm', 'test'], packages: 'checkout', isOnce: true },
};

for (const [name, template] of Object.entries(TEMPLATES)) {
  const { needs } = await findTemplate(name);
  const skip = missingToolchain(needs, template.registry);
  t.test(`template ${name}: new, test, build, deploy, invoke`, { skip, timeout: 600_000 }, (t) =>
    checkTemplate(t, name, template),
  );
}

async function checkTemplate(t: Test, name: string, template: Template): Promise<void> {
  const scratch = t.testdir({});
  const folder = join(scratch, NAME);
  const environment = { HOME: process.env['HOME'] ?? '/root' };
  const made = await runFaas(['new', NAME, '-t', name, '--dir', folder], { environment });
  t.equal(made.code, 0, made.stderr);
  await bringPackages(t, folder, template);
  await run(t, template.test, folder);

  const built = await runFaas(['build', folder], { environment });
  t.equal(built.code, 0, `faas build: ${built.stdout}${built.stderr}`);

  const host = await openRunningHost(t, { dataDir: join(scratch, 'data') });
  const access = ['--admin', host.adminUrl, '--token', host.token];
  const deployed = await runFaas(['deploy', folder, ...access], { environment });
  t.equal(deployed.code, 0, `faas deploy: ${deployed.stdout}${deployed.stderr}`);
  await checkAnswers(t, host);
  if (template.isOnce !== true) return;
  const reused = await runFaas(['deploy', folder, '--isolation', 'reuse', ...access], {
    environment,
  });
  t.match(reused, { code: EXIT.refused, stderr: /one fetch event .*\(reuse_takes_one_event\)/ });
  await checkAnswers(t, host);
}

async function bringPackages(t: Test, folder: string, { packages }: Template): Promise<void> {
  if (packages === 'checkout') {
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  } else if (packages === 'install') {
    await run(t, ['npm', 'install', '--no-audit', '--no-fund'], folder);
  }
}

/** All templates are the same function. */
async function checkAnswers(t: Test, host: RunningHost): Promise<void> {
  const hello = await host.call(`/${NAME}/`);
  t.same([hello.status, hello.text], [200, `Hello from ${NAME}\n`], await host.logs(NAME));
  t.match(hello.headers['content-type'], /^text\/plain/i);
  const named = await host.call(`/${NAME}/?name=you%20%26+me`);
  t.equal(named.text, 'Hello from you & me\n', 'query parameters are decoded');
  t.equal((await host.call(`/${NAME}/nothing`)).status, 404);

  const body = Buffer.alloc(BODY_BYTES, 'The body goes back. ');
  const echo = await host.call(`/${NAME}/echo`, { method: 'POST', body });
  t.equal(echo.status, 200);
  t.ok(echo.text === body.toString(), `${BODY_BYTES} bytes come back as they were`);
}

async function run(
  t: Test,
  [program = '', ...args]: readonly string[],
  cwd: string,
): Promise<void> {
  // Without what tap adds to the environment of its children: the tests in there are not ours to count.
  const { NODE_OPTIONS: _options, TAP: _tap, NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const said: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => said.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => said.push(bytes));
  const [code] = (await once(child, 'close')) as [number | null];
  t.equal(code, 0, `${program} ${args.join(' ')}: ${Buffer.concat(said).toString().slice(-4000)}`);
}
