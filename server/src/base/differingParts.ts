/** Where two texts differ, cut to what can be read in a line. */

const MOST_SHOWN = 60;

/** What differs, with a little before it, of both texts, as JSON. */
export function differingParts(before: string, after: string): [string, string] {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  const from = Math.max(0, start - MOST_SHOWN / 3);
  const show = (text: string) => {
    const part = JSON.stringify(text.slice(from, from + MOST_SHOWN));
    return `${from > 0 ? '…' : ''}${part}${text.length > from + MOST_SHOWN ? '…' : ''}`;
  };
  return [show(before), show(after)];
}
