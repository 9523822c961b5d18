/**
 * The VS Code side of sstate Lens: starts the language server and adds what plain LSP has no words for, one file
 * per feature. It knows nothing of BitBake; every fact it shows comes from the server.
 */
import type { ExtensionContext } from 'vscode';
import * as baseline from './baseline.ts';
import * as buildDirectory from './buildDirectory.ts';
import { LensContext } from './context.ts';
import * as differences from './differences.ts';
import * as fixes from './fixes.ts';
import * as graph from './graph.ts';
import * as machine from './machine.ts';
import * as multiconfig from './multiconfig.ts';
import * as objects from './objects.ts';
import * as review from './review.ts';
import * as server from './server.ts';
import * as status from './status.ts';
import * as taskGraph from './taskGraph.ts';
import * as tasks from './tasks.ts';
import * as views from './views.ts';

let lens: LensContext | undefined;

export async function activate(extension: ExtensionContext): Promise<void> {
  lens = new LensContext(extension);
  // The status bar listens to the client, so it comes before the client starts.
  status.activate(lens);
  tasks.activate(lens);
  taskGraph.activate(lens);
  fixes.activate(lens);
  views.activate(lens);
  differences.activate(lens);
  graph.activate(lens);
  objects.activate(lens);
  review.activate(lens);
  buildDirectory.activate(lens);
  baseline.activate(lens);
  machine.activate(lens);
  multiconfig.activate(lens);
  await server.activate(lens);
}

/** VS Code waits for this, so the server and its workers are gone before the window is. */
export async function deactivate(): Promise<void> {
  await lens?.client.dispose();
  lens = undefined;
}
