import { describeTable, findTableAmounts, readTable, splitCells } from './describe-table.ts';
import { detectLanguage } from './detect-language.ts';
import { findAmounts } from './find-amounts.ts';
import { findDates } from './find-dates.ts';
import { findNames } from './find-names.ts';
import { findTitles } from './find-titles.ts';
import type { Findings } from './findings.ts';
import { rankSentences } from './rank-sentences.ts';
import { scoreKinds } from './score-kinds.ts';
import { splitBlocks } from './split-blocks.ts';

export interface PageInput {
  text: string;
  page: number;
  fileName?: string;
}

/** Longer pages are analysed up to here; a page of ordinary paper has 3,000 characters. */
const MAX_ANALYSED_CHARS = 60_000;
/** Pages remembered: a conversation brings the same pages again with every turn. */
const MAX_REMEMBERED_PAGES = 400;
const remembered = new Map<string, Findings>();

function analyse({ text, page, fileName }: PageInput): Findings {
  const blocks = splitBlocks(text.slice(0, MAX_ANALYSED_CHARS));
  const joined = blocks.map((block) => block.text).join('\n');
  // A name ends with its cell.
  const cells = blocks
    .map((block) => (block.kind === 'row' ? splitCells(block.text).join('\n') : block.text))
    .join('\n');
  const table = readTable(blocks);
  const { language, letters } = detectLanguage(joined, { isTable: table !== undefined });
  const titles = findTitles(blocks, { page, ...(fileName === undefined ? {} : { fileName }) });
  const title = titles[0]?.text ?? '';
  return {
    titles,
    kinds: scoreKinds(joined, blocks),
    languages: language === 'und' ? [] : [{ text: language, score: letters }],
    dates: findDates(joined, language),
    amounts: [...findAmounts(joined), ...(table === undefined ? [] : findTableAmounts(table))],
    names: findNames(cells, language),
    sentences: [
      ...(table === undefined ? [] : describeTable(table, page)),
      ...rankSentences(blocks, { language, title, page }),
    ],
  };
}

/** Everything the stand-in can find in the text of one page. Equal input gives equal findings. */
export function analysePage(input: PageInput): Findings {
  const key = JSON.stringify(input);
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const findings = analyse(input);
  const oldest = remembered.size >= MAX_REMEMBERED_PAGES ? remembered.keys().next() : undefined;
  if (oldest?.done === false) remembered.delete(oldest.value);
  remembered.set(key, findings);
  return findings;
}
