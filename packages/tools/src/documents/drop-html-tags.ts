/** Elements that READMEs use for layout. Others stay: `<T>` in a sentence about generics is text. */
const LAYOUT_TAG =
  /<\/?(?:a|b|br|center|code|dd|details|div|dl|dt|em|h[1-6]|hr|i|img|kbd|li|ol|p|picture|small|source|span|strong|sub|summary|sup|table|tbody|td|th|thead|tr|u|ul|video)(?:\s[^<>]*)?\/?>/giu;
const HEADING = /<h([1-6])(?:\s[^<>]*)?>/giu;
const FENCE = /^\s*(?:```|~~~)/u;
const CODE = /(`[^`]*`)/u;

/** Takes the HTML tags out of Markdown, apart from code, and writes the headings among them as Markdown does. */
export function dropHtmlTags(markdown: string): string {
  let isFenced = false;
  const lines = markdown.split('\n').map((line) => {
    if (FENCE.test(line)) isFenced = !isFenced;
    if (isFenced || !/[<&]/u.test(line)) return line;
    const shown = line
      .split(CODE)
      .map((part) => (part.startsWith('`') ? part : dropTags(part)))
      .join('');
    // A line of tags alone leaves nothing; what it wrapped is no code because of its indent.
    return shown.trim() === '' ? '' : shown === line ? line : shown.trim();
  });
  return lines.join('\n');
}

function dropTags(text: string): string {
  return text
    .replace(HEADING, (_tag, level: string) => `${'#'.repeat(Number(level))} `)
    .replace(LAYOUT_TAG, '')
    .replace(/&nbsp;/gu, ' ');
}
