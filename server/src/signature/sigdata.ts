/**
 * What BitBake wrote of one task: `*.sigdata.*`, `*.siginfo` and `*.sigbasedata.*` files, decompressed.
 *
 * Follows `bb/siggen.py: dump_sigtask, SetDecoder`: JSON in which sets are objects with the one member
 * `_set_object`. Reads no file itself.
 */
import { pythonText } from '../metadata/statements.ts';
import type { Value } from '../datastore/value.ts';

export interface SignatureData {
  readonly task: string;
  readonly basehash: string | undefined;
  /** Variable -> the text that was hashed for it; undefined where it had none. */
  readonly values: ReadonlyMap<string, string | undefined>;
  /** Variable -> what it names directly. */
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
}

/** @throws Error when the text is no signature data */
export function parseSignatureData(text: string): SignatureData {
  const data = JSON.parse(text) as Record<string, unknown>;
  if (typeof data['task'] !== 'string' || typeof data['varvals'] !== 'object') {
    throw new Error('this is no BitBake signature data: it has no task and varvals');
  }
  const values = Object.entries((data['varvals'] ?? {}) as Record<string, unknown>);
  const dependencies = Object.entries((data['gendeps'] ?? {}) as Record<string, unknown>);
  return {
    task: data['task'],
    basehash: typeof data['basehash'] === 'string' ? data['basehash'] : undefined,
    values: new Map(
      values.map(([name, value]) => [name, value === null ? undefined : pythonText(value as Value)]),
    ),
    dependencies: new Map(dependencies.map(([name, names]) => [name, setMembers(names)])),
  };
}

function setMembers(value: unknown): string[] {
  const members =
    value !== null && typeof value === 'object' && '_set_object' in value ? value._set_object : value;
  return Array.isArray(members) ? members.map(String) : [];
}
