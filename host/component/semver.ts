/**
 * Versions of WIT packages: reading import names and telling which release serves which.
 *
 * Follows https://semver.org: a caller built against 0.2.3 is served by 0.2.12 and not by 0.3.0.
 */

/** An import or export name of a component, taken apart. */
export interface InterfaceName {
  /** Namespace and package: `wasi:http`. */
  readonly package: string;
  /** `types`. */
  readonly interface: string;
  /** `0.2.3`, or undefined if the name has none. */
  readonly version: string | undefined;
}

interface Version {
  readonly numbers: readonly [major: number, minor: number, patch: number];
  /** `rc`, `2` of `0.3.0-rc.2`. */
  readonly preRelease: readonly string[];
}

const INTERFACE_NAME =
  /^(?<package>[a-z][\w-]*(?::[a-z][\w-]*)+)\/(?<interface>[a-z][\w-]*)(?:@(?<version>\d[\w.+-]*))?$/i;
const VERSION =
  /^(0|[1-9]\d{0,14})\.(0|[1-9]\d{0,14})\.(0|[1-9]\d{0,14})(?:-([\dA-Za-z.-]+))?(?:\+[\dA-Za-z.-]+)?$/;

/** Takes an import name like `wasi:http/types@0.2.3` apart; undefined for names of another form. */
export function parseInterfaceName(name: string): InterfaceName | undefined {
  const groups = INTERFACE_NAME.exec(name)?.groups;
  const packageName = groups?.['package'];
  const interfaceName = groups?.['interface'];
  if (packageName === undefined || interfaceName === undefined) return undefined;
  const version = groups?.['version'];
  if (version !== undefined && parseVersion(version) === undefined) return undefined;
  return { package: packageName, interface: interfaceName, version };
}

/**
 * Whether an offered range of releases serves a wanted release.
 *
 * @param wanted Release the component was built against.
 * @param offered First and last release offered, both included.
 * @returns True if it lies in the range and in the compatibility line of both ends: the same major
 * number, below 1.0 the same minor one, below 0.1 the same patch. A pre-release is served only by an
 * offer that names a pre-release itself.
 */
export function isServedBy(
  wanted: string,
  offered: { readonly from: string; readonly to: string },
): boolean {
  const version = parseVersion(wanted);
  const from = parseVersion(offered.from);
  const to = parseVersion(offered.to);
  if (version === undefined || from === undefined || to === undefined) return false;
  if (lineOf(version) !== lineOf(from) || lineOf(version) !== lineOf(to)) return false;
  if (version.preRelease.length > 0 && from.preRelease.length + to.preRelease.length === 0) {
    return false;
  }
  return compare(from, version) <= 0 && compare(version, to) <= 0;
}

/**
 * Orders two versions by semver precedence.
 *
 * @returns Below, equal to or above 0; undefined if one of them is no version.
 */
export function compareVersions(left: string, right: string): number | undefined {
  const first = parseVersion(left);
  const second = parseVersion(right);
  return first === undefined || second === undefined ? undefined : compare(first, second);
}

function parseVersion(text: string): Version | undefined {
  const match = VERSION.exec(text);
  if (match === null) return undefined;
  return {
    numbers: [Number(match[1]), Number(match[2]), Number(match[3])],
    preRelease: match[4] === undefined ? [] : match[4].split('.'),
  };
}

/** What compatible releases have in common. */
function lineOf({ numbers: [major, minor, patch] }: Version): string {
  if (major > 0) return `${major}`;
  return minor > 0 ? `0.${minor}` : `0.0.${patch}`;
}

function compare(left: Version, right: Version): number {
  for (const [index, number] of left.numbers.entries()) {
    const difference = number - (right.numbers[index] ?? 0);
    if (difference !== 0) return difference;
  }
  // A release comes after its pre-releases.
  if (left.preRelease.length === 0 || right.preRelease.length === 0) {
    return right.preRelease.length - left.preRelease.length;
  }
  const most = Math.max(left.preRelease.length, right.preRelease.length);
  for (let index = 0; index < most; index += 1) {
    const difference = compareIdentifiers(left.preRelease[index], right.preRelease[index]);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Fewer identifiers come first, numbers before words, numbers by value, words by characters. */
function compareIdentifiers(left: string | undefined, right: string | undefined): number {
  if (left === undefined || right === undefined) {
    return (left === undefined ? 0 : 1) - (right === undefined ? 0 : 1);
  }
  const leftIsNumber = /^\d+$/.test(left);
  const rightIsNumber = /^\d+$/.test(right);
  if (leftIsNumber && rightIsNumber) return Number(left) - Number(right);
  if (leftIsNumber !== rightIsNumber) return leftIsNumber ? -1 : 1;
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
