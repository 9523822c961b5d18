/**
 * What BitBake wrote of one task: `*.sigdata.*`, `*.siginfo` and `*.sigbasedata.*` files, decompressed.
 *
 * Follows `bb/siggen.py: dump_sigtask, SetDecoder, handle_renames, calc_basehash, calc_taskhash`: JSON in which sets
 * are objects with the one member `_set_object`. Reads no file itself.
 */
import { createHash } from 'node:crypto';
import { sortedStrings } from '../base/words.ts';
import type { Value } from '../datastore/value.ts';
import { pythonText } from '../metadata/statements.ts';

/** The part that a taskhash adds to a basehash; sigbasedata files have none. */
export interface RunData {
  /** `zlib:do_install`, in the order of hashing; kirkstone has full names of tasks. */
  readonly dependencies: readonly string[];
  /** Task -> its hash. */
  readonly hashes: ReadonlyMap<string, string>;
  /** Name (`./sub/name` below a directory) and checksum, in the order of hashing; undefined: it had none. */
  readonly files: readonly (readonly [name: string, checksum: string | undefined])[];
  readonly taskhash: string | undefined;
  readonly unihash: string | undefined;
}

export interface SignatureData {
  readonly task: string;
  readonly basehash: string | undefined;
  /** Variable -> the text that was hashed for it; undefined where it had none. */
  readonly values: ReadonlyMap<string, string | undefined>;
  /** Variable -> what it names directly, sorted. */
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
  /** Every variable in the hash, the task itself excluded. */
  readonly taskDependencies: readonly string[];
  /** BB_BASEHASH_IGNORE_VARS, sorted. */
  readonly ignoredVariables: readonly string[];
  /** BB_TASKHASH_IGNORE_TASKS. */
  readonly ignoredTasks: string | undefined;
  readonly run: RunData | undefined;
  /** `nostamp:` and a random number, or what a taint file held. */
  readonly taint: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** @throws Error when the text is no signature data */
export function parseSignatureData(text: string): SignatureData {
  if (text.startsWith('\u0080') || text.startsWith('\ufffd')) {
    throw new Error(
      'this is a pickle, as BitBake wrote before 2.0: only signature data of 2.0 and later is read',
    );
  }
  const data: unknown = JSON.parse(text);
  if (!isFields(data) || typeof data['task'] !== 'string' || !isFields(data['varvals'])) {
    throw new Error('this is no BitBake signature data: it has no task and varvals');
  }
  const hasRun = 'runtaskdeps' in data || 'runtaskhashes' in data;
  return {
    task: data['task'],
    basehash: textOf(data['basehash']),
    values: new Map(
      Object.entries(data['varvals']).map(([name, value]) => [
        name,
        value === null ? undefined : pythonText(value as Value),
      ]),
    ),
    dependencies: new Map(
      entriesOf(data['gendeps']).map(([name, names]) => [name, sortedStrings(members(names))]),
    ),
    taskDependencies: members(data['taskdeps']),
    ignoredVariables: sortedStrings(members(data['basehash_ignore_vars'] ?? data['basewhitelist'])),
    ignoredTasks: textOf(data['taskhash_ignore_tasks'] ?? data['taskwhitelist']),
    run: hasRun ? runData(data) : undefined,
    taint: textOf(data['taint']),
  };
}

function runData(data: Fields): RunData {
  const files = Array.isArray(data['file_checksum_values'])
    ? (data['file_checksum_values'] as unknown[])
    : [];
  return {
    dependencies: members(data['runtaskdeps']),
    hashes: new Map(entriesOf(data['runtaskhashes']).map(([name, hash]) => [name, String(hash)])),
    files: files.map((file) => {
      const [name, checksum] = members(file);
      return [name ?? '', checksum] as const;
    }),
    taskhash: textOf(data['taskhash']),
    unihash: textOf(data['unihash']),
  };
}

/** The basehash that the values make. */
export function computedBasehash(data: SignatureData): string {
  const parts = [data.values.get(data.task) ?? ''];
  for (const name of sortedStrings(data.taskDependencies)) parts.push(name, data.values.get(name) ?? '');
  return sha256(parts.join(''));
}

/** The taskhash that the recorded parts make; undefined for sigbasedata. */
export function computedTaskhash({ basehash, run, taint }: SignatureData): string | undefined {
  if (!run) return undefined;
  const parts = [basehash ?? '', ...run.dependencies.map((name) => run.hashes.get(name) ?? '')];
  for (const [name, checksum] of run.files) {
    if (!checksum) continue;
    if (name.includes('./')) parts.push(name);
    parts.push(checksum);
  }
  if (taint !== undefined) parts.push(taint.includes('nostamp:') ? taint.slice('nostamp:'.length) : taint);
  return sha256(parts.join(''));
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function entriesOf(value: unknown): [string, unknown][] {
  return isFields(value) ? Object.entries(value) : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The members of a list, or of a set. */
function members(value: unknown): string[] {
  const found = isFields(value) ? value['_set_object'] : value;
  return Array.isArray(found) ? found.map((member) => (member === null ? '' : String(member))) : [];
}
