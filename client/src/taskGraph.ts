/**
 * The commands about the task graph: what depends on a task, why a task depends on another, what the present edits
 * make run again. The answers are the server's (`sstateLens/…`); here they are listed and gone to.
 */
import * as vscode from 'vscode';
import type { LensContext } from './context.ts';
import { askSubject, told } from './subject.ts';

interface ListedRecipe {
  readonly recipe: string;
  readonly uri: string;
  readonly tasks: readonly string[];
}

interface List {
  readonly title: string;
  readonly recipes: readonly ListedRecipe[];
}

interface Place extends vscode.QuickPickItem {
  readonly uri: string;
}

export function activate(lens: LensContext): void {
  const command = (run: (lens: LensContext) => Promise<void>) => told(() => run(lens));
  lens.subscriptions.push(
    vscode.commands.registerCommand('sstateLens.collectTaskGraph', command(collect)),
    vscode.commands.registerCommand('sstateLens.dependents', command(dependents)),
    vscode.commands.registerCommand('sstateLens.whyDepends', command(whyDepends)),
    vscode.commands.registerCommand('sstateLens.rerun', command(rerun)),
    vscode.commands.registerCommand('sstateLens.showRecipes', (list: List) => showRecipes(list)),
  );
}

async function collect({ client }: LensContext): Promise<void> {
  const { tasks, recipes } = await client.sendRequest<{ tasks: number; recipes: number }>(
    'sstateLens/collect',
    {},
  );
  void vscode.window.showInformationMessage(`The task graph has ${tasks} tasks of ${recipes} recipes.`);
}

async function dependents(lens: LensContext): Promise<void> {
  const subject = await askSubject(lens);
  if (!subject) return;
  const { task, recipes } = await lens.client.sendRequest<{ task: string; recipes: ListedRecipe[] }>(
    'sstateLens/dependents',
    subject,
  );
  const tasks = recipes.reduce((sum, recipe) => sum + recipe.tasks.length, 0);
  await showRecipes({
    title: `${counted(tasks, 'task')} in ${counted(recipes.length, 'recipe')} depend on ${task}`,
    recipes,
  });
}

async function whyDepends(lens: LensContext): Promise<void> {
  const subject = await askSubject(lens);
  if (!subject) return;
  const { task, tasks } = await lens.client.sendRequest<{ task: string; tasks: string[] }>(
    'sstateLens/dependencies',
    subject,
  );
  const on = await vscode.window.showQuickPick(tasks, { placeHolder: `Why does ${task} depend on …` });
  if (on === undefined) return;
  const { chain } = await lens.client.sendRequest<{
    chain: { task: string; uri: string; kind?: string }[];
  }>('sstateLens/chain', { ...subject, on });
  const places = chain.map(({ task, uri, kind }, index): Place => ({
    label: index === 0 ? task : `→ ${task}`,
    ...(kind !== undefined && { description: `by ${kind}` }),
    uri,
  }));
  await goTo(places, `Why ${task} depends on ${on}: choose a task to open its recipe`);
}

async function rerun(lens: LensContext): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return;
  const { text, recipes } = await lens.client.sendRequest<{ text: string; recipes: ListedRecipe[] }>(
    'sstateLens/rerun',
    { textDocument: { uri: editor.document.uri.toString() } },
  );
  if (recipes.length === 0) void vscode.window.showInformationMessage(`sstate Lens: ${text}.`);
  else await showRecipes({ title: text, recipes });
}

async function showRecipes({ title, recipes }: List): Promise<void> {
  const places = recipes.map(({ recipe, uri, tasks }): Place => ({
    label: recipe,
    description: counted(tasks.length, 'task'),
    detail: tasks.join(', '),
    uri,
  }));
  await goTo(places, `${title}: choose a recipe to open it`);
}

async function goTo(places: Place[], placeHolder: string): Promise<void> {
  const options = { placeHolder, matchOnDescription: true, matchOnDetail: true };
  const place = await vscode.window.showQuickPick(places, options);
  if (place) await vscode.window.showTextDocument(vscode.Uri.parse(place.uri));
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
