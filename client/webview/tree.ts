/**
 * A dependency graph as the tree that is drawn of it: each node stands once, below the one through which the shortest
 * way leads to it; what else depends on it is told when it is selected. Knows what is folded, not how it is drawn.
 */
import { hierarchy, type HierarchyPointNode, tree as tidyTree } from 'd3-hierarchy';

export interface GraphNode {
  readonly name: string;
  readonly detail: string;
  readonly changed: boolean;
  readonly uri?: string;
  readonly range?: unknown;
  /** Numbers of the nodes it depends on. */
  readonly on: readonly number[];
}

/** A node at its place, in rows and levels. */
export interface Placed {
  readonly number: number;
  readonly level: number;
  readonly row: number;
}

export class DependencyTree {
  /** Number -> the node it stands below; -1 for the first. */
  readonly parents: readonly number[];
  /** Number -> the nodes below it. */
  readonly children: readonly (readonly number[])[];
  /** Number -> what depends on it. */
  readonly users: readonly (readonly number[])[];
  /** Number -> how many nodes are below it, at any depth. */
  private readonly sizes: readonly number[];
  private readonly open = new Set<number>([0]);

  /** @param nodes breadth first: the one that names another first is the nearest */
  constructor(readonly nodes: readonly GraphNode[]) {
    const parents = nodes.map(() => -1);
    const children = nodes.map((): number[] => []);
    const users = nodes.map((): number[] => []);
    for (const [number, { on }] of nodes.entries()) {
      for (const other of on) {
        users[other]!.push(number);
        if (other === 0 || parents[other] !== -1) continue;
        parents[other] = number;
        children[number]!.push(other);
      }
    }
    const sizes = nodes.map(() => 0);
    // Whoever stands below another has a higher number.
    for (let number = nodes.length - 1; number > 0; number--) sizes[parents[number]!]! += sizes[number]! + 1;
    this.parents = parents;
    this.children = children;
    this.users = users;
    this.sizes = sizes;
  }

  isOpen(number: number): boolean {
    return this.open.has(number);
  }

  hidden(number: number): number {
    return this.isOpen(number) ? 0 : this.sizes[number]!;
  }

  setOpen(number: number, open: boolean): void {
    if (open) this.open.add(number);
    else this.open.delete(number);
  }

  openAll(): void {
    for (const number of this.nodes.keys()) this.open.add(number);
  }

  closeAll(): void {
    this.open.clear();
    this.open.add(0);
  }

  /** Opens all that a node stands below. */
  reveal(number: number): void {
    for (let at = this.parents[number]!; at >= 0; at = this.parents[at]!) this.open.add(at);
  }

  get opened(): number[] {
    return [...this.open];
  }

  /** The way from the task to a node. */
  chain(number: number): number[] {
    const chain: number[] = [];
    for (let at = number; at >= 0; at = this.parents[at]!) chain.unshift(at);
    return chain;
  }

  /** Nodes whose name has a text, in the order of the numbers. */
  find(text: string): number[] {
    const wanted = text.toLowerCase();
    return [...this.nodes.keys()].filter((number) => this.nodes[number]!.name.toLowerCase().includes(wanted));
  }

  /** What is to be seen, from top to bottom as the eye goes along; rows start at 0. */
  placed(): Placed[] {
    const root = hierarchy(0, (number) => (this.isOpen(number) ? [...this.children[number]!] : []));
    const points = tidyTree<number>()
      .nodeSize([1, 1])
      .separation(() => 1)(root);
    let top = 0;
    const all: HierarchyPointNode<number>[] = [];
    // Parents before what is below them: the order of a tree's rows.
    points.eachBefore((node) => {
      top = Math.min(top, node.x);
      all.push(node);
    });
    return all.map((node) => ({ number: node.data, level: node.depth, row: node.x - top }));
  }
}
