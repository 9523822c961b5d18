/** What is said of a recipe whose file has another name, and which texts are compared then. */
import { describe, expect, it } from 'vitest';
import type { ChangedText } from '../../server/src/ide/impactCauses.ts';
import { renameCause, withRenamed } from '../../server/src/ide/renames.ts';

describe('the cause that a recipe has another name', () => {
  const told = (before: string, after: string) => {
    const { kind, path, lines, subject, action } = renameCause(before, after);
    expect([kind, path, lines]).toEqual(['recipe-renamed', after, undefined]);
    return `${subject} ${action}`;
  };

  it('names what BitBake makes of the name', () => {
    expect(told('/l/zlib/zlib_1.3.1.bb', '/l/zlib/zlib_1.3.2.bb')).toBe(
      'PV 1.3.2 instead of 1.3.1: renamed from zlib_1.3.1.bb',
    );
    expect(told('/l/a_1_r0.bb', '/l/a_2_r1.bb')).toBe(
      'PV, PR 2, r1 instead of 1, r0: renamed from a_1_r0.bb',
    );
  });

  it('names the file where nothing is made of what is another in its name', () => {
    expect(told('/l/a/tool_1.bb', '/l/b/c/tool_1.bb')).toBe('tool_1.bb moved from ../../a/tool_1.bb');
    expect(told('/l/a/tool.bb', '/l/a/tool_1.bb')).toBe('tool_1.bb renamed from tool.bb');
  });
});

describe('the texts of a recipe that has another name', () => {
  const file = (path: string, before: string | undefined, after: string | undefined): ChangedText => ({
    path,
    oldPath: path,
    before,
    after,
  });
  const [gone, come, other] = [
    file('/l/a_1.bb', 'A', undefined),
    file('/l/a_2.bb', undefined, 'B'),
    file('/l/c.inc', 'C', 'D'),
  ];

  it('are compared with each other, however little alike they are', () => {
    expect(withRenamed([gone, come, other], new Map([['/l/a_2.bb', '/l/a_1.bb']]))).toEqual([
      { path: '/l/a_2.bb', oldPath: '/l/a_1.bb', before: 'A', after: 'B' },
      other,
    ]);
  });

  it('stay apart where they are two recipes', () => {
    expect(withRenamed([gone, come, other], new Map())).toEqual([gone, come, other]);
  });
});
