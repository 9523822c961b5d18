import { describe, expect, it } from 'vitest';
import { DependencyTree, type GraphNode } from '../../client/webview/tree.ts';

const node = (name: string, on: number[]): GraphNode => ({ name, on, detail: '', changed: false });

/** task -> a, b; a -> c, task; b -> c, d; d -> b */
const GRAPH = [node('task', [1, 2]), node('a', [3, 0]), node('b', [3, 4]), node('c', []), node('d', [2])];

describe('a dependency graph as a tree', () => {
  it('has each node once, below the one that is nearest to the task', () => {
    const tree = new DependencyTree(GRAPH);
    expect(tree.children).toEqual([[1, 2], [3], [4], [], []]);
    expect(tree.chain(4)).toEqual([0, 2, 4]);
    expect(tree.users[3]).toEqual([1, 2]);
    expect(tree.users[0]).toEqual([1]);
  });

  it('shows what is unfolded, in the order of a tree, no two rows closer than one', () => {
    const tree = new DependencyTree(GRAPH);
    const shown = () => tree.placed().map(({ number, level, row }) => [number, level, row]);
    expect(shown()).toEqual([
      [0, 0, 0.5],
      [1, 1, 0],
      [2, 1, 1],
    ]);
    expect([tree.hidden(0), tree.hidden(1), tree.hidden(3)]).toEqual([0, 1, 0]);
    tree.reveal(4);
    expect(shown().map(([number]) => number)).toEqual([0, 1, 2, 4]);
    tree.openAll();
    expect(shown().map(([number]) => number)).toEqual([0, 1, 3, 2, 4]);
    tree.closeAll();
    expect(tree.opened).toEqual([0]);
  });

  it('finds nodes by a part of their name, whatever the case', () => {
    const tree = new DependencyTree([node('do_install', [1]), node('INSTALL_DIR', [])]);
    expect(tree.find('install')).toEqual([0, 1]);
    expect(tree.find('x')).toEqual([]);
  });

  it('is laid out in no time with 3,000 nodes and 30,000 edges', () => {
    // Three that come first by it, and seven that were there before.
    const edges = (number: number) => [
      ...[1, 2, 3].map((at) => number * 3 + at).filter((other) => other < 3000),
      ...Array.from({ length: 7 }, (_, at) => (number * at) % (number + 1)),
    ];
    const tree = new DependencyTree(
      Array.from({ length: 3000 }, (_, number) => node(`n${number}`, edges(number))),
    );
    tree.openAll();
    const before = process.cpuUsage();
    const rows = tree.placed();
    const { user, system } = process.cpuUsage(before);
    expect(rows.length).toBe(3000);
    expect((user + system) / 1000).toBeLessThan(500);
  });
});
