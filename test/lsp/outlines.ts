/** Trees that the server answers with for views, and how tests write them. */
export interface Node {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  readonly kind: string;
  readonly uri?: string;
  readonly range?: { readonly start: { readonly line: number } };
  readonly children?: readonly Node[];
}

export interface Outline {
  readonly title: string;
  readonly message?: string;
  readonly nodes: readonly Node[];
}

/** `label | description`, indented. */
export function lines(nodes: readonly Node[], depth = 0): string[] {
  return nodes.flatMap(({ label, description, children = [] }) => [
    `${'  '.repeat(depth)}${label}${description === undefined ? '' : ` | ${description}`}`,
    ...lines(children, depth + 1),
  ]);
}
