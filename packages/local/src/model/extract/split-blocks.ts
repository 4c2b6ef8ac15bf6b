/** A piece of layout: what a reader would see as one heading, one paragraph, one line of a table. */
export interface TextBlock {
  kind: 'heading' | 'prose' | 'field' | 'row' | 'item';
  text: string;
  /** Markdown level of a heading, 0 for one recognised by its looks. */
  level: number;
}

const MAX_HEADING_CHARS = 100;
const MAX_WRAP_CHARS = 100;
/** A line shorter than this share of the wrap width was ended on purpose: an address, a verse, a signature. */
const WRAP_SHARE = 0.6;
const PAGE_LINE =
  /^[-–—\s]*(page|seite|página|pagina|pág\.?|p\.|blatt)\s*\d+(\s*(of|von|de|di|sur|\/|van)\s*\d+)?[-–—\s]*$/iu;
const BARE_NUMBER = /^[-–—\s]*\d{1,4}(\s*\/\s*\d{1,4})?[-–—\s]*$/u;
const TABLE_RULE = /^[\s|:+=_*–—-]{3,}$/u;
const ITEM = /^(?:[-*+•·–▪◦]|\(?[a-z0-9]{1,2}[.)])\s+(?=\S)/u;
/** Addresses of Markdown links, which a reader never sees, and what a browser prints at the foot of a page. */
const LINK_ADDRESS = /^\[[^\]]+\]:\s+\S+|^(?:file|https?):\/\/\S+(?:\s+\d+\/\d+)?$/u;
/** Code in Markdown is nobody's sentence. */
const FENCE = /^\s*(?:```|~~~)/u;
const FIELD = /^(?:\*\*)?[\p{Lu}][\p{L}\p{M}\d ./()'’#-]{1,36}(?:\*\*)?\s?:(?:\*\*)?\s+\S/u;

function countSeparators(line: string): number {
  const bars = (line.match(/\|/g)?.length ?? 0) + (line.match(/\t/g)?.length ?? 0);
  const gaps = line.trim().match(/\S {3,}(?=\S)/gu)?.length ?? 0;
  return Math.max(bars, gaps);
}

/** Cells of a delimited row; a mark inside double quotes does not split. */
export function splitDelimited(row: string, mark: string): string[] {
  const cells = [''];
  let quoted = false;
  for (const character of row) {
    if (character === '"') quoted = !quoted;
    else if (character === mark && !quoted) cells.push('');
    else cells[cells.length - 1] += character;
  }
  return cells.map((cell) => cell.trim());
}

/** Rows of comma or semicolon separated values: several cells, hardly any of them a clause. */
function isDelimited(line: string): boolean {
  for (const mark of [';', ','] as const) {
    const cells = splitDelimited(line, mark);
    if (
      cells.length >= 3 &&
      cells.every((cell) => cell.trim().split(/\s+/u).length <= 5) &&
      !/[.!?]$/u.test(line.trim())
    )
      return mark === ';' || cells.filter((cell) => /\d|^\S*$/u.test(cell.trim())).length >= 2;
  }
  return false;
}

/** Takes Markdown emphasis, links and code marks off a line; the words stay. */
export function stripMarkup(line: string): string {
  return line
    .replace(/!\[[^[\]]{0,300}\]\([^()]{0,1000}\)/gu, '')
    .replace(/\[([^[\]]{0,300})\]\([^()]{0,1000}\)/gu, '$1')
    .replace(/\[([^[\]]{1,300})\]\[[^[\]]{0,300}\]/gu, '$1')
    .replace(/(?<=\S) ?\(https?:\/\/[^\s)]*\)/gu, '')
    .replace(/<(?:https?:\/\/[^>]*)>/gu, '')
    .replace(/(\*\*|__|`)(?=\S)(.+?)(?<=\S)\1/gu, '$2')
    .replace(/(^|\s)[*_](?=\S)([^*_]+)(?<=\S)[*_](?=\s|[.,;:!?)]|$)/gu, '$1$2')
    .replace(/[ \t\u00a0]+/gu, ' ')
    .trim();
}

function looksLikeHeading(line: string, aloneAbove: boolean, aloneBelow: boolean): boolean {
  if (line.length > MAX_HEADING_CHARS || /[.,;:!?。，、；：！？؟،]$/u.test(line) || !/\p{L}{2}/u.test(line))
    return false;
  const upper = line === line.toUpperCase() && line !== line.toLowerCase();
  const numbered =
    /^(?:§+\s*\d+|(?:art\.?|article|artikel|artículo|articolo|section|abschnitt|kapitel|chapter)\s+\d+|\d+(?:\.\d+)*\.?)\s+\p{Lu}/iu;
  if (upper && line.length >= 4) return true;
  if (numbered.test(line) && line.length < 80 && aloneAbove) return true;
  return aloneAbove && aloneBelow && /^["'“«(]?[\p{Lu}\p{Lo}\d§]/u.test(line) && line.split(' ').length <= 12;
}

function classify(line: string, above: string | undefined, below: string | undefined): TextBlock | undefined {
  const text = line.trim();
  if (TABLE_RULE.test(text) || PAGE_LINE.test(text) || BARE_NUMBER.test(text) || LINK_ADDRESS.test(text))
    return undefined;
  const markdown = /^(#{1,6})\s+(.*?)\s*#*$/u.exec(text);
  if (markdown !== null)
    return { kind: 'heading', text: stripMarkup(markdown[2] ?? ''), level: markdown[1]?.length ?? 1 };
  if (countSeparators(line) >= 2 || isDelimited(line)) return { kind: 'row', text, level: 0 };
  const clean = stripMarkup(text);
  if (FIELD.test(text) && clean.length <= 200) return { kind: 'field', text: clean, level: 0 };
  if (ITEM.test(text) && !looksLikeHeading(text, above === '', below === ''))
    return { kind: 'item', text: stripMarkup(text.replace(ITEM, '')), level: 0 };
  if (looksLikeHeading(clean, above === '' || above === undefined, below === '' || below === undefined))
    return { kind: 'heading', text: clean, level: 0 };
  return { kind: 'prose', text: clean, level: 0 };
}

/** The width at which most lines of a text are wrapped, as far as it is: the length of its longer lines. */
function measureWrap(lines: readonly string[]): number {
  const lengths = lines.map((line) => line.trim().length).filter((length) => length > 20);
  lengths.sort((a, b) => a - b);
  return Math.min(MAX_WRAP_CHARS, lengths[Math.floor(lengths.length * 0.8)] ?? 0);
}

/** Joins a hard-wrapped line to the one before, undoing hyphenation where the word goes on in lower case. */
function joinLines(before: string, next: string): string {
  if (/\p{Ll}[-\u00ad]$/u.test(before) && /^\p{Ll}/u.test(next)) return before.slice(0, -1) + next;
  return `${before} ${next}`;
}

/** Splits text into blocks, joining the wrapped lines of a paragraph and of a list item. */
export function splitBlocks(text: string): TextBlock[] {
  const lines = text.replace(/\r\n?/gu, '\n').replace(/\f/gu, '\n\n').split('\n');
  const wrapChars = measureWrap(lines) * WRAP_SHARE;
  const blocks: TextBlock[] = [];
  let open: TextBlock | undefined;
  let fenced = false;
  for (const [at, line] of lines.entries()) {
    if (FENCE.test(line)) fenced = !fenced;
    if (fenced || FENCE.test(line)) continue;
    if (line.trim() === '') {
      open = undefined;
      continue;
    }
    const block = classify(line, lines[at - 1]?.trim(), lines[at + 1]?.trim());
    if (block === undefined) continue;
    const goesOn =
      open !== undefined &&
      block.kind === 'prose' &&
      (open.kind === 'prose' || open.kind === 'item' || open.kind === 'field') &&
      (/^\p{Ll}/u.test(block.text) || (lines[at - 1] ?? '').trim().length >= wrapChars);
    if (goesOn && open !== undefined && (open.kind !== 'field' || /^\p{Ll}/u.test(block.text))) {
      open.text = joinLines(open.text, block.text);
      continue;
    }
    blocks.push(block);
    open = block;
  }
  return blocks.filter((block) => block.text !== '');
}
