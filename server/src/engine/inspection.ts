/**
 * What is told of one variable of a variant that has been evaluated: its values, its flags, who set them, and who leaves
 * it out of hashes. Evaluates nothing but the variable, and decides no hash.
 */
import { splitWords } from '../base/words.ts';
import type { Datastore } from '../datastore/datastore.ts';
import { pythonText } from '../metadata/statements.ts';
import type { ParseContext } from '../metadata/context.ts';
import type { Hashed } from '../signature/advice.ts';
import { originsOf } from './origins.ts';
import type { VariableInspection } from './results.ts';

/** @param hashed the variant's hashes, where they are known; what fails to expand is reported to `ctx` */
export function inspectVariable(
  d: Datastore,
  name: string,
  hashed: Hashed | undefined,
  ctx: ParseContext,
): VariableInspection {
  const asText = (value: unknown) => (typeof value === 'string' ? value : undefined);
  let expanded: string | undefined;
  try {
    expanded = asText(d.getVar(name));
  } catch (error) {
    ctx.reportError(error);
  }
  const flags = Object.fromEntries(
    [...(d.getVarFlags(name) ?? [])].map(([flag, value]) => [flag, pythonText(value)]),
  );
  const flagOrigins = Object.keys(flags).map((flag) => [flag, originsOf(d, `${name}[${flag}]`)] as const);
  return {
    name,
    unexpanded: asText(d.getVar(name, false)),
    expanded,
    flags,
    origins: originsOf(d, name),
    flagOrigins: Object.fromEntries(flagOrigins.filter(([, origins]) => origins.length > 0)),
    excludedBy: hashed ? excluders(hashed, name) : [],
  };
}

/** What is hashed of a variant and leaves a name out. */
function excluders({ d, generated }: Hashed, name: string): string[] {
  return [...generated.dependencies.keys()].filter((user) => {
    if (user.endsWith(']')) return false;
    const excluded = d.getVarFlag(user, 'vardepsexclude');
    return typeof excluded === 'string' && splitWords(excluded).includes(name);
  });
}
