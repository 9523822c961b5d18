/**
 * The dependency graph in its webview: draws what is in sight of the tree, and follows keyboard, mouse and search. What
 * there is to draw comes as a message; places to open go back as one.
 */
import { DependencyTree, type GraphNode, type Placed } from './tree.ts';

interface Shown {
  readonly title: string;
  readonly nodes: readonly GraphNode[];
}

interface State {
  readonly title: string;
  readonly open: readonly string[];
  readonly selected: string;
}

declare function acquireVsCodeApi(): {
  postMessage(message: unknown): void;
  getState(): State | undefined;
  setState(state: State): void;
};

const SVG = 'http://www.w3.org/2000/svg';
const ROW = 26;
const LEVEL = 250;
const WIDTH = 210;
const MARGIN = 16;
/** How far beyond what is in sight is drawn. */
const BEYOND = 300;

const vscode = acquireVsCodeApi();
const canvas = element('graph') as unknown as SVGSVGElement;
const scroller = element('scroller');
const search = element('search') as HTMLInputElement;
const found = element('found');
const details = element('details');

let tree = new DependencyTree([]);
let title = '';
let placed: Placed[] = [];
let places = new Map<number, Placed>();
let selected = 0;
let matches: readonly number[] = [];
let drawing = 0;
/** What is drawn: number -> its element. */
const drawn = new Map<number, SVGGElement>();

function element(id: string): HTMLElement {
  return document.getElementById(id)!;
}

window.addEventListener('message', ({ data }: MessageEvent<Shown>) => show(data));
scroller.addEventListener('scroll', draw);
window.addEventListener('resize', draw);
canvas.addEventListener('keydown', onKey);
canvas.addEventListener('click', (event) => {
  const number = numberOf(event.target as Element);
  if (number === undefined) return;
  if ((event.target as Element).closest('.fold')) toggle(number);
  select(number);
});
canvas.addEventListener('dblclick', (event) => {
  const number = numberOf(event.target as Element);
  if (number !== undefined) open(number);
});
search.addEventListener('input', () => lookFor(search.value));
search.addEventListener('keydown', (event) => {
  if (event.key === 'Enter') nextMatch(event.shiftKey ? -1 : 1);
  if (event.key === 'Escape') {
    search.value = '';
    lookFor('');
  }
});
element('open-all').addEventListener('click', () => fold(() => tree.openAll()));
element('close-all').addEventListener('click', () => fold(() => tree.closeAll()));
vscode.postMessage({ type: 'ready' });

function show({ title: shown, nodes }: Shown): void {
  const known = title === shown ? stateNow() : vscode.getState();
  title = shown;
  tree = new DependencyTree(nodes);
  element('title').textContent = shown;
  document.title = shown;
  canvas.setAttribute('aria-label', shown);
  selected = 0;
  if (known?.title === shown) {
    const numbers = new Map(nodes.map(({ name }, number) => [name, number]));
    for (const name of known.open) {
      const number = numbers.get(name);
      if (number !== undefined) tree.setOpen(number, true);
    }
    selected = numbers.get(known.selected) ?? 0;
    tree.reveal(selected);
  }
  for (const number of nodes.keys()) if (nodes[number]!.changed && nodes.length < 500) tree.reveal(number);
  layOut();
  lookFor(search.value);
  describe();
}

function stateNow(): State {
  const { nodes } = tree;
  return { title, open: tree.opened.map((number) => nodes[number]!.name), selected: nodes[selected]!.name };
}

function fold(change: () => void): void {
  change();
  tree.reveal(selected);
  layOut();
  bringIntoSight(selected);
}

function toggle(number: number): void {
  fold(() => tree.setOpen(number, !tree.isOpen(number)));
}

function layOut(): void {
  placed = tree.placed();
  places = new Map(placed.map((place) => [place.number, place]));
  const rows = Math.max(0, ...placed.map(({ row }) => row)) + 1;
  const levels = Math.max(0, ...placed.map(({ level }) => level)) + 1;
  canvas.setAttribute('width', String(levels * LEVEL + 2 * MARGIN));
  canvas.setAttribute('height', String(rows * ROW + 2 * MARGIN));
  canvas.replaceChildren();
  drawn.clear();
  draw();
  vscode.setState(stateNow());
}

// Drawing

function draw(): void {
  cancelAnimationFrame(drawing);
  drawing = requestAnimationFrame(drawNow);
}

function drawNow(): void {
  const top = scroller.scrollTop - BEYOND;
  const bottom = scroller.scrollTop + scroller.clientHeight + BEYOND;
  const isInSight = (place: Placed) => yOf(place) >= top && yOf(place) <= bottom;
  const wanted = new Set(placed.filter(isInSight).map(({ number }) => number));
  // Who has the focus keeps it, out of sight, too.
  wanted.add(selected);
  for (const [number, group] of drawn) {
    if (wanted.has(number)) continue;
    group.remove();
    drawn.delete(number);
  }
  for (const number of wanted) {
    const place = places.get(number);
    if (place && !drawn.has(number)) drawn.set(number, canvas.appendChild(nodeElement(place)));
  }
  drawLinks(top, bottom);
  mark();
}

function yOf({ row }: Placed): number {
  return MARGIN + row * ROW + ROW / 2;
}

function xOf({ level }: Placed): number {
  return MARGIN + level * LEVEL;
}

/** From each node to the one it stands below, where any of it is in sight, and from the selected one to its users. */
function drawLinks(top: number, bottom: number): void {
  for (const old of canvas.querySelectorAll('path')) old.remove();
  const paths: SVGPathElement[] = [];
  const link = (from: Placed | undefined, to: Placed | undefined, kind: string) => {
    if (!from || !to) return;
    const [y1, y2] = [yOf(from), yOf(to)];
    if (Math.max(y1, y2) < top || Math.min(y1, y2) > bottom) return;
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', curve(from, to));
    path.setAttribute('class', kind);
    paths.push(path);
  };
  for (const place of placed) link(places.get(tree.parents[place.number]!), place, 'link');
  const here = places.get(selected);
  for (const user of tree.users[selected] ?? []) link(places.get(user), here, 'user');
  for (const other of tree.nodes[selected]?.on ?? []) link(here, places.get(other), 'use');
  canvas.prepend(...paths);
}

/** From the side that faces the other: to the right, to the left, or out of a column and back into it. */
function curve(from: Placed, to: Placed): string {
  const [y1, y2] = [yOf(from), yOf(to)];
  const [here, there] = [xOf(from), xOf(to)];
  const bend = Math.max(30, Math.abs(there - here - WIDTH) / 2);
  if (from.level < to.level) return bezier(here + WIDTH, bend, there, -bend);
  if (from.level > to.level) return bezier(here, -30, there + WIDTH, 30);
  return bezier(here + WIDTH, 30, there + WIDTH, 30);

  function bezier(x1: number, out: number, x2: number, into: number): string {
    return `M${x1},${y1}C${x1 + out},${y1} ${x2 + into},${y2} ${x2},${y2}`;
  }
}

function nodeElement(place: Placed): SVGGElement {
  const { number, level } = place;
  const { name, changed } = tree.nodes[number]!;
  const below = tree.children[number]!.length;
  const group = document.createElementNS(SVG, 'g');
  const siblings = number === 0 ? [0] : tree.children[tree.parents[number]!]!;
  attributes(group, {
    id: `node-${number}`,
    class: `node${changed ? ' changed' : ''}`,
    role: 'treeitem',
    tabindex: '-1',
    transform: `translate(${xOf(place)},${yOf(place)})`,
    'data-number': String(number),
    'aria-level': String(level + 1),
    'aria-setsize': String(siblings.length),
    'aria-posinset': String(siblings.indexOf(number) + 1),
    'aria-label': `${name}${changed ? ', changed' : ''}`,
    ...(below > 0 && { 'aria-expanded': String(tree.isOpen(number)) }),
  });
  const box = document.createElementNS(SVG, 'rect');
  attributes(box, {
    x: '0',
    y: String(-ROW / 2 + 2),
    width: String(WIDTH),
    height: String(ROW - 4),
    rx: '3',
  });
  const text = document.createElementNS(SVG, 'text');
  attributes(text, { x: '8', y: '4' });
  text.textContent = name.length > 27 ? `${name.slice(0, 26)}…` : name;
  const tooltip = document.createElementNS(SVG, 'title');
  tooltip.textContent = name;
  group.append(box, text, tooltip);
  if (below > 0) {
    const handle = document.createElementNS(SVG, 'text');
    attributes(handle, { class: 'fold', x: String(WIDTH - 6), y: '4', 'text-anchor': 'end' });
    handle.textContent = tree.isOpen(number) ? '−' : `+${tree.hidden(number)}`;
    group.append(handle);
  }
  return group;
}

function attributes(target: Element, values: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(values)) target.setAttribute(name, value);
}

/** What is selected and what was looked for. */
function mark(): void {
  const wanted = new Set(matches);
  for (const [number, group] of drawn) {
    const isSelected = number === selected;
    group.classList.toggle('match', wanted.has(number));
    group.setAttribute('aria-selected', String(isSelected));
    group.setAttribute('tabindex', isSelected ? '0' : '-1');
  }
}

// Selecting

function select(number: number, focus = true): void {
  selected = number;
  if (!places.has(number)) {
    tree.reveal(number);
    layOut();
  }
  bringIntoSight(number);
  drawNow();
  if (focus) drawn.get(number)?.focus({ preventScroll: true });
  describe();
  vscode.setState(stateNow());
}

function bringIntoSight(number: number): void {
  const place = places.get(number);
  if (!place) return;
  const { scrollTop, scrollLeft, clientHeight, clientWidth } = scroller;
  const [x, y] = [xOf(place), yOf(place)];
  if (y < scrollTop + ROW || y > scrollTop + clientHeight - ROW) scroller.scrollTop = y - clientHeight / 2;
  if (x < scrollLeft || x + WIDTH > scrollLeft + clientWidth)
    scroller.scrollLeft = x + WIDTH - clientWidth / 2;
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (!step(event.key)) return;
  event.preventDefault();
}

/** As in every tree: https://www.w3.org/WAI/ARIA/apg/patterns/treeview/. @returns whether the key means something */
function step(key: string): boolean {
  const at = placed.findIndex(({ number }) => number === selected);
  const to = (index: number) => {
    const place = placed[index];
    if (place) select(place.number);
  };
  switch (key) {
    case 'ArrowDown':
      to(at + 1);
      return true;
    case 'ArrowUp':
      to(at - 1);
      return true;
    case 'ArrowRight':
      if (tree.children[selected]!.length === 0) return true;
      if (tree.isOpen(selected)) to(at + 1);
      else refocus(() => toggle(selected));
      return true;
    case 'ArrowLeft':
      if (tree.isOpen(selected) && tree.children[selected]!.length > 0) refocus(() => toggle(selected));
      else if (selected !== 0) select(tree.parents[selected]!);
      return true;
    case 'Home':
      to(0);
      return true;
    case 'End':
      to(placed.length - 1);
      return true;
    case 'Enter':
      open(selected);
      return true;
    case '/':
      search.focus();
      return true;
    default:
      return false;
  }
}

/** What is drawn anew would lose the focus. */
function refocus(change: () => void): void {
  change();
  select(selected);
}

function open(number: number): void {
  const { uri, range } = tree.nodes[number]!;
  if (uri !== undefined) vscode.postMessage({ type: 'open', uri, range });
}

function numberOf(target: Element): number | undefined {
  const number = target.closest('[data-number]')?.getAttribute('data-number');
  return number === null || number === undefined ? undefined : Number(number);
}

// Searching

function lookFor(text: string): void {
  matches = text.trim() === '' ? [] : tree.find(text.trim());
  found.textContent =
    text.trim() === '' ? `${tree.nodes.length} nodes` : `${matches.length} of ${tree.nodes.length}`;
  mark();
  const first = matches[0];
  if (first !== undefined && !matches.includes(selected)) select(first, false);
}

function nextMatch(by: 1 | -1): void {
  if (matches.length === 0) return;
  const at = matches.indexOf(selected);
  const next = matches[(at + by + matches.length) % matches.length]!;
  select(next, false);
  found.textContent = `${matches.indexOf(next) + 1} of ${matches.length}: ${tree.nodes[next]!.name}`;
}

// What is said of the selected node

function describe(): void {
  const node = tree.nodes[selected];
  details.replaceChildren();
  if (!node) return;
  const heading = document.createElement('h2');
  heading.textContent = `${node.name}${node.changed ? ' (changed)' : ''}`;
  details.append(heading);
  if (node.uri !== undefined) details.append(button('Open where it is set', () => open(selected)));
  if (selected !== 0) details.append(list('The shortest way', tree.chain(selected)));
  if (node.detail !== '') {
    const text = document.createElement('pre');
    text.textContent = node.detail;
    details.append(text);
  }
  details.append(list('Depends on', node.on), list('Used by', tree.users[selected]!));
}

/** More than this is read nowhere. */
const MOST_LISTED = 60;

function list(caption: string, numbers: readonly number[]): HTMLElement {
  const section = document.createElement('section');
  const heading = document.createElement('h3');
  heading.textContent = `${caption} (${numbers.length})`;
  const items = document.createElement('ul');
  for (const number of numbers.slice(0, MOST_LISTED)) {
    const item = document.createElement('li');
    item.append(button(tree.nodes[number]!.name, () => select(number)));
    items.append(item);
  }
  section.append(heading, items);
  if (numbers.length > MOST_LISTED) section.append(`and ${numbers.length - MOST_LISTED} more`);
  return section;
}

function button(text: string, act: () => void): HTMLButtonElement {
  const made = document.createElement('button');
  made.className = 'link';
  made.textContent = text;
  made.addEventListener('click', act);
  return made;
}
