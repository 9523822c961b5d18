/**
 * Versions compared as BitBake compares them. Follows `bb/utils.py: explode_version, vercmp_part, vercmp,
 * split_version, vercmp_string_op`.
 */

export interface Version {
  readonly pe: string;
  readonly pv: string;
  readonly pr: string;
}

type Part = readonly [order: number, value: bigint | string | undefined];
const END: Part = [0, undefined];

function parts(version: string): Part[] {
  return (version.match(/[0-9]+|[a-zA-Z]+|[^0-9a-zA-Z]/g) ?? []).map((part): Part => {
    if (/^[0-9]/.test(part)) return [0, BigInt(part)];
    if (/^[a-zA-Z]/.test(part)) return [1, part];
    return [part === '~' ? -1 : 2, part];
  });
}

function comparePart(a: string, b: string): number {
  if (a === b) return 0;
  const [left, right] = [parts(a), parts(b)];
  for (let at = 0; at < left.length || at < right.length; at++) {
    const [orderA, valueA] = left[at] ?? END;
    const [orderB, valueB] = right[at] ?? END;
    if (orderA !== orderB) return orderA - orderB;
    if (valueA === undefined) return -1;
    if (valueB === undefined) return 1;
    if (valueA !== valueB) return valueA < valueB ? -1 : 1;
  }
  return 0;
}

/** Below zero where `a` is the older one. A PE that is no number counts as 0. */
export function compareVersions(a: Version, b: Version): number {
  const epochs = (Number.parseInt(a.pe, 10) || 0) - (Number.parseInt(b.pe, 10) || 0);
  return epochs || comparePart(a.pv, b.pv) || comparePart(a.pr, b.pr);
}

/** `1:2.0-r3`, taken apart. */
function versionOf(text: string): Version {
  let rest = text.replace(/^[ <>=]+|[ <>=]+$/g, '');
  let [pe, pr] = ['0', ''];
  if (rest.includes(':')) [pe = '', rest = ''] = rest.split(':');
  const dash = rest.lastIndexOf('-');
  if (dash >= 0) [rest, pr] = [rest.slice(0, dash), rest.slice(dash + 1)];
  return { pe, pv: rest, pr };
}

/** Whether `a operator b`, of two versions as they are written. Undefined: there is no such operator. */
export function isVersion(a: string, operator: string, b: string): boolean | undefined {
  const order = compareVersions(versionOf(a), versionOf(b));
  switch (operator) {
    case '=':
    case '==':
      return order === 0;
    case '<=':
      return order <= 0;
    case '>=':
      return order >= 0;
    case '>':
    case '>>':
      return order > 0;
    case '<':
    case '<<':
      return order < 0;
    case '!=':
      return order !== 0;
    default:
      return undefined;
  }
}
