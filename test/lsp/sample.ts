/** An editor on a copy of the sample workspace with the recipe hello open, as most tests of the server begin. */
import { Editor, sampleCopy } from './client.ts';
import { bundledCommand } from './command.ts';

export const HELLO = 'meta-sample/recipes-sample/hello/hello_1.0.bb';

/** @param settings what a client gives besides, at `initialize` */
export async function openSample(folder = sampleCopy(), settings: object = {}): Promise<Editor> {
  const editor = new Editor(folder, { command: await bundledCommand() });
  await editor.initialize({ buildDirectory: '', ...settings });
  await editor.open(HELLO);
  return editor;
}
