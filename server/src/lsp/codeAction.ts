/**
 * textDocument/codeAction and codeAction/resolve: quick fixes for dependencies. What a fix would do to hashes is
 * evaluated when it is resolved, and told as the description of its edits; where the client shows no such thing, in the
 * titles that the user has asked for.
 */
import {
  type CodeAction,
  CodeActionKind,
  type CodeActionParams,
  CodeActionTriggerKind,
  type InitializeParams,
  type Range as ProtocolRange,
  TextDocumentEdit,
  type TextEdit as ProtocolTextEdit,
  type WorkspaceEdit,
} from 'vscode-languageserver/node';
import { readSource } from '../host/sources.ts';
import type { Version } from '../ide/edits.ts';
import { effectText, hashesText, type Outcome } from '../ide/fixes/effect.ts';
import { type Fix, subjectAt } from '../ide/fixes/fix.ts';
import { fixesAt, lookups } from '../ide/fixes/fixes.ts';
import { applyEdits, type TextEdit } from '../ide/fixes/placement.ts';
import { parseFile } from '../syntax/parser.ts';
import { fromPosition, SOURCE, toRange } from './convert.ts';
import type { Append } from './ownFiles.ts';
import type { Known, Session } from './session.ts';

/** What a client can do with an action. */
export interface ActionClient {
  /** Asks for the edit when it is wanted. */
  readonly resolves: boolean;
  /** Shows descriptions of edits, and asks before it makes them. */
  readonly annotates: boolean;
  /** Takes edits of files that are not open, and new files. */
  readonly creates: boolean;
}

export function actionClient({ workspace, textDocument }: InitializeParams['capabilities']): ActionClient {
  const edit = workspace?.workspaceEdit;
  const changes = edit?.documentChanges === true;
  return {
    resolves: textDocument?.codeAction?.resolveSupport?.properties.includes('edit') === true,
    annotates: changes && edit.changeAnnotationSupport !== undefined,
    creates: changes && edit.resourceOperations?.includes('create') === true,
  };
}

/** One fix in one file. */
interface Offer {
  readonly fix: Fix;
  /** Undefined: in the document itself. */
  readonly append: Append | undefined;
}

/** What comes back when an action is resolved. */
interface ActionData {
  readonly uri: string;
  readonly range: ProtocolRange;
  readonly id: string;
  readonly append?: string;
}

export async function codeActions(
  { textDocument: { uri }, range, context }: CodeActionParams,
  session: Session,
  client: ActionClient,
  confirms: boolean,
): Promise<CodeAction[]> {
  const known = await session.settled(uri);
  if (!known) return [];
  const isWanted = (kind: string) => context.only?.some((only) => `${kind}.`.startsWith(`${only}.`)) ?? true;
  const asked = context.triggerKind !== CodeActionTriggerKind.Automatic;
  const offers = (await offersAt(known, range, session, client)).filter(({ fix }) => {
    // Without being asked, an editor is told of what is wrong, not of all that could be done.
    return isWanted(kindOf(fix)) && (asked || fix.problem !== undefined);
  });
  const actions: CodeAction[] = [];
  for (const offer of offers) {
    const data: ActionData = {
      uri,
      range,
      id: offer.fix.id,
      ...(offer.append && { append: offer.append.path }),
    };
    const solved = context.diagnostics.filter(
      ({ code, message, source }) =>
        source === SOURCE && code === offer.fix.problem?.code && message === offer.fix.problem?.message,
    );
    const inTitle = asked && !client.annotates ? `: ${await hashesOf(offer, known, session)}` : '';
    const action: CodeAction = {
      title: `${titleOf(offer)}${inTitle}`,
      kind: kindOf(offer.fix),
      ...(solved.length > 0 && { diagnostics: solved }),
      data,
    };
    actions.push(
      client.resolves ? action : { ...action, ...(await resolved(offer, known, session, client, confirms)) },
    );
  }
  return actions;
}

/** The action with its edits; as it is where the document has become another. */
export async function resolveCodeAction(
  action: CodeAction,
  session: Session,
  client: ActionClient,
  confirms: boolean,
): Promise<CodeAction> {
  const data = action.data as ActionData;
  const known = await session.settled(data.uri);
  if (!known) return action;
  const offers = await offersAt(known, data.range, session, client);
  const offer = offers.find(({ fix, append }) => fix.id === data.id && append?.path === data.append);
  return offer ? { ...action, ...(await resolved(offer, known, session, client, confirms)) } : action;
}

function kindOf({ problem }: Fix): string {
  return problem ? CodeActionKind.QuickFix : CodeActionKind.RefactorRewrite;
}

function titleOf({ fix, append }: Offer): string {
  return append ? `${fix.title}, in ${nameOf(append.path)} of ${append.layer}` : fix.title;
}

/** In the document, and where that is somebody else's, in appends of the user's own before. */
async function offersAt(
  { document, tree, view }: Known,
  range: ProtocolRange,
  session: Session,
  { creates }: ActionClient,
): Promise<Offer[]> {
  if (!view.current) return [];
  const selection = { start: fromPosition(range.start), end: fromPosition(range.end) };
  const subject = subjectAt({ text: document.text, tree }, selection, view);
  const fixes = fixesAt(subject, await session.lookUp(view, lookups(subject)));
  if (fixes.length === 0) return [];
  const own = session.ownFiles();
  const elsewhere =
    own && creates && view.recipe !== undefined && !(await own.isOwn(document.path))
      ? await own.appends(view.recipe)
      : [];
  return fixes.flatMap((fix): Offer[] => {
    const here = fix.edits(subject.file).length > 0 ? [{ fix, append: undefined }] : [];
    const there = fix.portable ? elsewhere.map((append) => ({ fix, append })) : [];
    return [...there, ...here];
  });
}

interface Changed {
  readonly path: string;
  readonly edits: readonly TextEdit[];
  readonly isNew: boolean;
  readonly outcome: () => Promise<Outcome>;
}

function changeOf({ fix, append }: Offer, { document, tree, view }: Known, session: Session): Changed {
  const at = (path: string, version: Version, isNew = false): Changed => {
    const edits = fix.edits(version);
    return {
      path,
      edits,
      isNew,
      outcome: () => session.evaluateWith(view, path, applyEdits(version.text, edits)),
    };
  };
  if (!append) return at(document.path, { text: document.text, tree });
  const text = session.documents.get(append.path)?.text ?? readSource(append.path) ?? '';
  const change = at(append.path, parsed(append.path, text, session), !append.exists);
  if (append.exists) return change;
  // BitBake does not know a file that is not there yet: the last one of the recipe says the same.
  const last = lastFile(view.recipe!, session);
  const inLast = at(last, parsed(last, session.documents.get(last)?.text ?? readSource(last) ?? '', session));
  return { ...change, outcome: inLast.outcome };
}

function parsed(path: string, text: string, session: Session): Version {
  return { text, tree: parseFile(path, text, session.syntax) };
}

/** What of a recipe is read last: an append, where there is one. */
function lastFile(recipe: string, session: Session): string {
  return session.appendsOf(recipe).at(-1) ?? recipe;
}

async function hashesOf(offer: Offer, known: Known, session: Session): Promise<string> {
  const { outcome } = changeOf(offer, known, session);
  return hashesText(known.view.current!, await outcome());
}

async function resolved(
  offer: Offer,
  known: Known,
  session: Session,
  client: ActionClient,
  confirms: boolean,
): Promise<Pick<CodeAction, 'edit'>> {
  const { path, edits, isNew, outcome } = changeOf(offer, known, session);
  const uri = session.documents.uriOf(path);
  const changes = edits.map(({ range, text }): ProtocolTextEdit => ({
    range: toRange(range),
    newText: text,
  }));
  if (!client.annotates && !isNew) return { edit: { changes: { [uri]: changes } } };
  const version = session.documents.get(path)?.version ?? null;
  const documentEdit = TextDocumentEdit.create({ uri, version }, changes);
  const documentChanges: WorkspaceEdit['documentChanges'] = [
    ...(isNew ? [{ kind: 'create' as const, uri, options: { ignoreIfExists: true } }] : []),
    documentEdit,
  ];
  if (!client.annotates) return { edit: { documentChanges } };
  const description = effectText(offer.fix, known.view.current!, await outcome());
  const annotation = { label: titleOf(offer), needsConfirmation: confirms, description };
  return {
    edit: {
      documentChanges: documentChanges.map((change) =>
        'edits' in change
          ? { ...change, edits: changes.map((edit) => ({ ...edit, annotationId: ANNOTATION })) }
          : { ...change, annotationId: ANNOTATION },
      ),
      changeAnnotations: { [ANNOTATION]: annotation },
    },
  };
}

const ANNOTATION = 'effect';

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
