/**
 * A running VS Code with our package installed, as a user meets it: a fresh profile, one folder open, a browser
 * window on it. Knows how to find things on the screen, not what they should say.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const CHROMIUM_FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The themes that VS Code comes with, by their labels, and the class of the workbench that each goes with. */
const THEMES = {
  dark: ['Dark Modern', 'vs-dark'],
  light: ['Light Modern', 'vs'],
  contrast: ['Dark High Contrast', 'hc-black'],
  'contrast-light': ['Light High Contrast', 'hc-light'],
};

const USER_SETTINGS = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.colorTheme': THEMES.dark[0],
  'editor.minimap.enabled': false,
  'editor.fontFamily': 'DejaVu Sans Mono',
  'editor.hover.delay': 100,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoCheckUpdates': false,
  'chat.disableAIFeatures': true,
  // The folder is not trusted, and stays so: what we show must not depend on it.
  'security.workspace.trust.startupPrompt': 'never',
  'security.workspace.trust.banner': 'never',
};

/** Starts code-server on a free port with the package installed, and waits until it answers. */
export async function startServer(runtime, vsix, profile) {
  const userData = join(profile, 'user-data');
  const extensions = join(profile, 'extensions');
  mkdirSync(join(userData, 'User'), { recursive: true });
  writeFileSync(join(userData, 'User/settings.json'), JSON.stringify(USER_SETTINGS));
  const port = await freePort();
  const config = join(profile, 'config.yaml');
  const options = ['disable-telemetry', 'disable-update-check', 'disable-getting-started-override'];
  writeFileSync(
    config,
    [`bind-addr: 127.0.0.1:${port}`, 'auth: none', ...options.map((name) => `${name}: true`)].join('\n') +
      '\n',
  );
  const env = { ...process.env, EXTENSIONS_GALLERY: '{"serviceUrl":""}', HOME: profile };
  const common = [
    runtime.codeServer,
    '--config',
    config,
    '--user-data-dir',
    userData,
    '--extensions-dir',
    extensions,
  ];
  const installed = spawnSync(runtime.node, [...common, '--install-extension', vsix], {
    env,
    encoding: 'utf8',
  });
  if (installed.status !== 0)
    throw new Error(`the package could not be installed: ${installed.stdout}${installed.stderr}`);

  const log = join(profile, 'code-server.log');
  const out = openSync(log, 'w');
  // A group of its own, so that the extension host and the language server end with it.
  const child = spawn(runtime.node, common, { env, stdio: ['ignore', out, out], detached: true });
  const stop = () => {
    try {
      process.kill(-child.pid, 'SIGTERM');
    } catch {
      // Already gone.
    }
  };
  const origin = `http://127.0.0.1:${port}`;
  for (let tries = 0; !(await isHealthy(origin)); tries++) {
    if (tries > 150 || child.exitCode !== null) {
      stop();
      throw new Error(`code-server does not answer: ${readFileSync(log, 'utf8')}`);
    }
    await sleep(200);
  }
  return { origin, log, logs: join(userData, 'logs'), pid: child.pid, stop };
}

async function isHealthy(origin) {
  try {
    return (await fetch(`${origin}/healthz`)).ok;
  } catch {
    return false;
  }
}

function freePort() {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.on('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

/** A browser window on a folder; resolves when the explorer shows it. */
export async function openFolder(runtime, server, folder) {
  const browser = await runtime.playwright.chromium.launch({
    executablePath: runtime.chromium,
    args: CHROMIUM_FLAGS,
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    await page.goto(`${server.origin}/?folder=${encodeURIComponent(folder)}`, { timeout: 120_000 });
    await page.waitForSelector('.explorer-folders-view .monaco-list-row', { timeout: 90_000 });
    return { browser, page, editor: new Editor(page) };
  } catch (error) {
    // Else the run would wait for it for ever.
    await browser.close();
    throw error;
  }
}

/** What a user does in the window, and sees. Every wait is for a text to be there, and says what was there instead. */
export class Editor {
  #page;

  constructor(page) {
    this.#page = page;
  }

  /** By the quick-open box, as fast typists do; `path` as it is shown there. */
  async open(path) {
    const page = this.#page;
    const name = path.slice(path.lastIndexOf('/') + 1);
    await page.keyboard.press('Control+p');
    await page.locator('.quick-input-widget input').fill(path);
    // Results arrive one after another, so which is the first, for Enter, is not known yet.
    await page.locator(`.quick-input-list [aria-label^="${name}"]`).first().click();
    await page.waitForSelector(`.tab.active[data-resource-name="${name}"]`, { timeout: 30_000 });
    await page.waitForSelector('.editor-instance .view-line');
  }

  /** Runs a command of the palette by its full title. */
  async command(title) {
    const page = this.#page;
    await page.keyboard.press('F1');
    // Not typed: keys may still go to what had the focus.
    await page.locator('.quick-input-widget input').fill(`>${title}`);
    const entry = page.locator(`.quick-input-list [aria-label^="${title}"]`).first();
    await entry.click();
    // The list may have been made anew below the click.
    await entry.waitFor({ state: 'hidden', timeout: 5000 }).catch(() => entry.click());
  }

  /** Has the window drawn in one of `THEMES`. */
  async theme(name) {
    const [title, mark] = THEMES[name];
    await this.command('Preferences: Color Theme');
    await this.#page.locator('.quick-input-widget input').fill(title);
    await this.#page.locator(`.quick-input-list [aria-label^="${title}"]`).first().click();
    await this.#page.waitForSelector(`.monaco-workbench.${mark}`, { timeout: 20_000 });
    // Colours fade from one theme to the next.
    await sleep(1000);
  }

  /** Leaves the room of the panel to the editor, where there is a panel. */
  async hidePanel() {
    if (await this.#page.locator('.part.panel').isVisible())
      await this.command('View: Toggle Panel Visibility');
  }

  /** Puts the cursor at the end of the first line that contains a text. */
  async cursorAtEndOf(text) {
    await this.#line(text).click();
    await this.#page.keyboard.press('End');
  }

  async type(text) {
    await this.#page.keyboard.type(text, { delay: 20 });
  }

  async press(keys) {
    await this.#page.keyboard.press(keys);
  }

  #line(text) {
    return this.#page.locator('.editor-instance .view-line', { hasText: spaced(text) }).first();
  }

  /** Rests the mouse on a text in the editor until the hover shows, and returns what it says. */
  async hover(text) {
    const page = this.#page;
    await this.unhover();
    const word = page.locator('.editor-instance .view-line span > span', { hasText: spaced(text) }).first();
    await word.hover();
    const hover = page.locator('.monaco-hover:not(.hidden) .hover-contents').first();
    await hover.waitFor({ timeout: 20_000 });
    // The hover opens with what answers first and grows.
    let shown = '';
    for (let same = 0; same < 3; await sleep(200)) {
      const now = (await page.locator('.monaco-hover:not(.hidden) .hover-contents').allInnerTexts()).join(
        '\n',
      );
      same = now === shown && !/^Loading/.test(now) ? same + 1 : 0;
      shown = now;
    }
    return plain(shown);
  }

  async unhover() {
    await this.#page.mouse.move(5, 5);
    await this.#page
      .locator('.monaco-hover:not(.hidden)')
      .first()
      .waitFor({ state: 'hidden', timeout: 5000 });
  }

  async lenses() {
    return (await this.#page.locator('.codelens-decoration').allInnerTexts()).map(plain).filter(Boolean);
  }

  async clickLens(text) {
    await this.unhover();
    await this.#page
      .locator('.codelens-decoration a', { hasText: spaced(text) })
      .first()
      .click();
  }

  /** Chooses a code action at the cursor by the beginning of its title. */
  async quickFix(title) {
    const page = this.#page;
    const action = page.locator('.action-widget .monaco-list-row', { hasText: spaced(title) }).first();
    // What had the focus before may still take the keys.
    for (let tries = 0; tries < 5 && !(await action.isVisible()); tries++) {
      await page.keyboard.press('Control+.');
      await action.waitFor({ timeout: 5000 }).catch(() => page.keyboard.press('Escape'));
    }
    await action.click();
  }

  /** What the dialog says that is open. */
  async dialog() {
    return (await this.#page.locator('.monaco-dialog-box').allInnerTexts()).map(plain);
  }

  async pressButton(label) {
    await this.#page.locator('.monaco-dialog-box .monaco-button', { hasText: label }).first().click();
  }

  /** The document inside the webview that is open. */
  async webview() {
    return this.#page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
  }

  /** What all elements in a document say. */
  async texts(frame, selector) {
    return (await frame.locator(selector).allTextContents()).map(plain);
  }

  /** The rows of a view of the side bar, each with its description. */
  async rows(view) {
    const rows = await this.#page
      .locator(`.pane[aria-label^="${view}"], .pane-header[aria-label^="${view}"] + .pane-body`)
      .locator('.monaco-list-row')
      .allInnerTexts();
    return rows.map((row) => plain(row.replace(/\s*\n\s*/g, ' ')));
  }

  /** The rows of the quick pick that is open, each with its description. */
  async choices() {
    return (await this.#page.locator('.quick-input-list .monaco-list-row').allInnerTexts()).map(plain);
  }

  /** Chooses a row of the quick pick by the beginning of its label. */
  async choose(label) {
    const row = this.#page.locator(`.quick-input-list [aria-label^="${label}"]`).first();
    await row.click();
  }

  /** Clicks a row of a view of the side bar, by its label. */
  async openRow(view, label) {
    await this.#row(view, label).click();
  }

  /** Shows what is below a row. */
  async unfold(view, label) {
    await this.#row(view, label).locator('.monaco-tl-twistie').click();
  }

  #row(view, label) {
    const row = `.monaco-list-row[aria-label^="${label}, "]`;
    return this.#page.locator(`.pane-header[aria-label^="${view}"] + .pane-body ${row}`).first();
  }

  /** What stands behind lines without being part of their text. */
  async marks() {
    const texts = await this.#page
      .locator('.editor-instance .view-line span > span')
      .evaluateAll((pieces) => pieces.map((piece) => globalThis.getComputedStyle(piece, '::after').content));
    return texts.filter((text) => text.startsWith('"')).map((text) => plain(JSON.parse(text)));
  }

  async statusBar() {
    return (await this.#page.locator('.statusbar-item').allInnerTexts()).map(plain).filter(Boolean);
  }

  /** The rows of the Problems panel, which must be open: messages with their place, and what belongs to them. */
  async problems() {
    const rows = await this.#page.locator('.markers-panel-container .monaco-list-row').allInnerTexts();
    return rows.map((row) => plain(row.replace(/\s*\n\s*/g, ' '))).filter(Boolean);
  }

  /** The colours, as CSS says them, that pieces of text with these words are drawn in. */
  async coloursOf(...texts) {
    const colours = texts.map((text) => {
      const piece = this.#page.locator('.editor-instance .view-line span > span', { hasText: spaced(text) });
      // A line is drawn anew when its colours are known: the piece at hand may be gone by now.
      return piece.first().evaluate((element) => String(element.computedStyleMap().get('color')));
    });
    return Promise.all(colours);
  }

  /** Asks until the answer contains what is wanted (a text or a pattern); returns the match. */
  async until(ask, wanted, seconds = 30) {
    const matches = (text) => (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text));
    let last = [];
    for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(100)) {
      last = await ask();
      const found = last.find(matches);
      if (found !== undefined) return found;
    }
    throw new Error(`waited ${seconds} s for ${wanted}; there was ${JSON.stringify(last)}`);
  }

  /** A screenshot within a step, by a name of its own. */
  async picture(name) {
    // What is said of a thing below the mouse would lie over others.
    await this.#page.mouse.move(5, 5);
    await sleep(500);
    await this.screenshot(join(import.meta.dirname, `screenshots/${name}.png`));
  }

  /** One for each theme; ends with the one it began with. */
  async pictures(name) {
    for (const theme of ['light', 'contrast', 'contrast-light', 'dark']) {
      await this.theme(theme);
      await this.picture(`${name}-${theme}`);
    }
  }

  async screenshot(file) {
    await this.#page.screenshot({ path: file });
  }
}

/** The editor draws spaces as no-break spaces. */
function spaced(text) {
  const escaped = text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(escaped.replace(/ /g, '[ \\u00a0]'));
}

function plain(text) {
  return text.replace(/\u00a0/g, ' ').trim();
}
