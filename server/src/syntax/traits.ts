/**
 * How each release of BitBake reads files: the table behind `SyntaxTraits`, from the sources of
 * `bb/parse/parse_py` in each release.
 *
 * | OE-Core release | BitBake |
 * |---|---|
 * | kirkstone | 2.0 |
 * | langdale | 2.2 |
 * | mickledore | 2.4 |
 * | nanbield | 2.6 |
 * | scarthgap | 2.8 |
 * | styhead | 2.9 |
 * | walnascar | 2.12 |
 * | whinlatter | 2.16 |
 * | wrynose | 2.18 |
 * | master | 2.19 |
 *
 * Each line below names the first version that behaves so; where a change came with a development
 * version, that is the one before the release that has it.
 */
import type { SyntaxTraits } from './statements.ts';

const NAME = 'a-zA-Z0-9\\-_+.';

/** The traits of BitBake `major.minor`; versions outside the table are read as the nearest in it. */
export function syntaxTraits(major: number, minor: number): SyntaxTraits {
  const version = major * 1000 + minor;
  const since = (first: number): boolean => version >= 2000 + first;
  return {
    flagFirst: NAME,
    flagRest: NAME + (since(11) ? '@/' : since(4) ? '@' : ''),
    unsetFlagFirst: NAME,
    unsetFlagRest: NAME + (since(4) ? '@' : ''),
    unsetFlagMinimum: since(4) ? 2 : 1,
    emptyVariableIsMatched: since(11),
    warnsAboutBlanksAroundOperator: since(13),
    addtask: since(9) ? 'split' : 'one-word',
    hasInheritDefer: since(8),
    hasIncludeAll: since(11),
    hasAddPyLib: since(4),
    addfragmentsWords: since(15) ? 4 : since(11) ? 3 : 0,
    refusesUnclosed: since(8),
  };
}
