/**
 * Configuration fragments: `addfragments`.
 *
 * Follows `bb/parse/ast.py: AddFragmentsNode`. Fragments live in the layers; those built in only set a variable.
 */
import { splitWords } from '../base/words.ts';
import type { Datastore } from '../datastore/datastore.ts';
import { FatalError } from '../datastore/errors.ts';
import type { ChangeSource } from '../datastore/history.ts';
import type { AddFragments } from '../syntax/statements.ts';
import type { ParseContext } from './context.ts';
import { include, joinPath } from './files.ts';
import { layerOfFile } from './layers.ts';

/** @throws FatalError for a fragment that no layer has, or that sets what is set already */
export function addFragments(
  statement: AddFragments,
  source: ChangeSource,
  d: Datastore,
  ctx: ParseContext,
): void {
  if (d.getVar('_BB_SKIP_FRAGMENTS') === '1') return;
  const fragments = d.getText(statement.fragmentsVariable) ?? '';
  const layers = splitWords(d.getText('BBLAYERS') ?? '');
  const flagged = splitWords(d.getText(statement.flaggedVariablesVariable) ?? '');
  const builtIn = new Map<string, string>();
  for (const entry of builtInEntries(statement, d)) {
    const [name, variable] = entry.split(':');
    if (name !== undefined && variable !== undefined) builtIn.set(name, variable);
  }
  if (!fragments) return;
  const names = splitWords(fragments);
  for (const prefix of builtIn.keys()) {
    const same = names.filter((name) => name.startsWith(`${prefix}/`));
    if (same.length > 1) {
      ctx.report(
        'warning',
        'fragments',
        `Several built-in fragments are enabled for ${prefix} in ${statement.fragmentsVariable}: ${same.join(' ')}. ` +
          'Keep one; the last wins.',
        source,
      );
    }
  }
  for (const fragment of names) {
    const slash = fragment.indexOf('/');
    if (slash < 0)
      throw new FatalError(`Fragment ${fragment} has no layer before its name: write LAYER/NAME`);
    const prefix = fragment.slice(0, slash);
    const rest = fragment.slice(slash + 1);
    const variable = builtIn.get(prefix);
    if (variable !== undefined) {
      if (d.getVar(variable, true, { noWeakDefault: true }) !== undefined) {
        throw new FatalError(
          `The built-in fragment ${fragment} is used while ${variable} is assigned already: disable the fragment or ` +
            'remove the assignment',
        );
      }
      d.setVar(variable, rest, source, true);
      continue;
    }
    const name = d.expandText(`${statement.pathPrefix}/${rest}.conf`);
    const path = layers
      .map((layer) => joinPath(layer, name))
      .find((candidate) => ctx.files.stat(candidate) && layerOfFile(candidate, d) === prefix);
    if (path === undefined) {
      throw new FatalError(`Could not find fragment ${fragment} in the enabled layers: ${layers.join(' ')}`);
    }
    include(source.path, path, source.line, d, 'include fragment', ctx);
    for (const name of flagged) {
      d.setVarFlag(name, fragment, d.getVar(name), source);
      d.setVar(name, undefined, source);
    }
  }
}

/** `NAME:VARIABLE` pairs; releases whose statement has no fourth word have none built in. */
function builtInEntries(statement: AddFragments, d: Datastore): string[] {
  const variable = statement.builtinFragmentsVariable;
  return variable === undefined ? [] : splitWords(d.getText(variable) ?? '');
}
