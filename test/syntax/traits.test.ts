import { expect, it } from 'vitest';
import { syntaxTraits } from '../../server/src/syntax/traits.ts';

const NAME = 'a-zA-Z0-9\\-_+.';

it('knows how kirkstone reads', () => {
  expect(syntaxTraits(2, 0)).toEqual({
    flagFirst: NAME,
    flagRest: NAME,
    unsetFlagFirst: NAME,
    unsetFlagRest: NAME,
    unsetFlagMinimum: 1,
    emptyVariableIsMatched: false,
    warnsAboutBlanksAroundOperator: false,
    addtask: 'one-word',
    hasInheritDefer: false,
    hasIncludeAll: false,
    hasAddPyLib: false,
    addfragmentsWords: 0,
    refusesUnclosed: false,
  });
});

it('knows what scarthgap, walnascar and whinlatter changed', () => {
  const scarthgap = {
    ...syntaxTraits(2, 0),
    flagRest: `${NAME}@`,
    unsetFlagRest: `${NAME}@`,
    unsetFlagMinimum: 2,
    hasInheritDefer: true,
    hasAddPyLib: true,
    refusesUnclosed: true,
  };
  expect(syntaxTraits(2, 8)).toEqual(scarthgap);
  const walnascar = {
    ...scarthgap,
    flagRest: `${NAME}@/`,
    emptyVariableIsMatched: true,
    addtask: 'split',
    hasIncludeAll: true,
    addfragmentsWords: 3,
  };
  expect(syntaxTraits(2, 12)).toEqual(walnascar);
  const whinlatter = { ...walnascar, warnsAboutBlanksAroundOperator: true, addfragmentsWords: 4 };
  expect(syntaxTraits(2, 16)).toEqual(whinlatter);
  expect(syntaxTraits(2, 18)).toEqual(whinlatter);
  expect(syntaxTraits(2, 19)).toEqual(whinlatter);
});
