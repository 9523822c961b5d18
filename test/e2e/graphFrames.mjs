/**
 * How fluent the dependency graph is: draws one in Chromium without VS Code around it, unfolds all of it, scrolls,
 * walks and searches, and prints what each takes.
 *
 *     node test/e2e/graphFrames.mjs [--nodes N]
 *
 * Reads the built script and style (`npm run build`).
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { prepareRuntime } from './runtime.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
const { values } = parseArgs({ options: { nodes: { type: 'string', default: '3000' } } });
const count = Number(values.nodes);
/** Two frames of a screen that shows 60 in a second. */
const MOMENTS = '33 ms';

const runtime = prepareRuntime();
if (runtime.missing !== undefined) throw new Error(`not measured: ${runtime.missing}`);
const read = (path) => readFileSync(join(ROOT, path), 'utf8');
const [body] = /<header>[\s\S]*<\/aside>/.exec(read('client/src/graph.ts'));
const api =
  'window.acquireVsCodeApi = () => ({ postMessage() {}, getState: () => undefined, setState() {} });';
const html = `<style>${read('dist/graph.css')}</style>${body}<script>${api}</script><script>${read('dist/graph.js')}</script>`;

/** Each names five others: deep, wide, and with more links than a tree has. */
const nodes = Array.from({ length: count }, (_, number) => ({
  name: `variable_number_${number}`,
  detail: 'some text of its value '.repeat(10),
  changed: number % 97 === 17,
  on: Array.from({ length: 5 }, (_, k) => (number * 3 + k + 1) % count).filter((other) => other !== number),
}));

const browser = await runtime.playwright.chromium.launch({
  executablePath: runtime.chromium,
  args: ['--headless', '--no-sandbox', '--disable-gpu'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
  await page.setContent(html);
  await page.evaluate((shown) => globalThis.postMessage({ title: 'A graph', nodes: shown }), nodes);
  await page.waitForSelector('[role=treeitem]');
  const devtools = await page.context().newCDPSession(page);
  // What other programs take of the processor does not count.
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const spent = async () => {
    const { metrics } = await devtools.send('Performance.getMetrics');
    return 1000 * metrics.find(({ name }) => name === 'TaskDuration').value;
  };
  for (const [name, times] of Object.entries({ unfold: 1, scroll: 200, walk: 200, look: 50 })) {
    const before = await spent();
    const waited = await page.evaluate(measure, { name, times });
    const work = (await spent()) - before;
    console.log(
      `${name.padEnd(7)} ${(work / times).toFixed(1)} ms of processor time a frame (${times} of them; on the screen after ${waited.toFixed(0)} ms, ${MOMENTS} is the least)`,
    );
  }
  const drawn = await page.locator('[role=treeitem]').count();
  console.log(`${count} nodes, ${drawn} of them drawn at once`);
} finally {
  await browser.close();
}

/** Runs in the page: the median time from what a user does to the second frame after it. */
async function measure({ name, times }) {
  const { document, performance, requestAnimationFrame, KeyboardEvent, Event } = globalThis;
  const scroller = document.getElementById('scroller');
  const search = document.getElementById('search');
  const actions = {
    unfold: () => document.getElementById('open-all').click(),
    scroll: (at) => (scroller.scrollTop = at * 197),
    walk: () => {
      const selected = document.querySelector('[role=treeitem][aria-selected=true]');
      selected.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }));
    },
    look: (at) => {
      search.value = `number_${at * 53}`;
      search.dispatchEvent(new Event('input'));
    },
  };
  const taken = [];
  for (let at = 0; at < times; at++) {
    const start = performance.now();
    actions[name](at);
    // The first frame draws; the second begins when that one is on the screen.
    for (let frames = 0; frames < 2; frames++) await new Promise((done) => requestAnimationFrame(done));
    taken.push(performance.now() - start);
  }
  return taken.sort((a, b) => a - b)[Math.floor(times / 2)];
}
