import { describe, expect, it } from 'vitest';
import { sniffTextKind } from './sniff-text-kind.ts';

const hints = (extension = '', mediaType = '') => ({ extension, mediaType, isWhole: true });
const TABLE = ['a;b;c', '1;2;3', '4;5;6', '7;8;9', '1;1;1'].join('\n');
const MAIL = 'Received: by x\r\nFrom: a@b.example\r\nTo: c@d.example\r\nSubject: Hi\r\n\r\nHello';

describe('sniffTextKind', () => {
  it.each([
    ['html', '<!DOCTYPE html><p>x', 'pdf'],
    ['html', '<!-- saved --><html><body>x', 'txt'],
    ['html', 'Hello <b>you</b>', 'html'],
    ['markdown', 'Hello <b>you</b>', 'md'],
    ['markdown', '# One\n\n- a\n\n## Two\n', ''],
    ['text', 'no markup at all', 'html'],
    ['csv', TABLE, ''],
    ['csv', 'name,age\nx,1', 'csv'],
    ['text', 'It was late, and dark.\nNobody came.\nThe end.', 'csv'],
    ['text', 'One, two.\nThree, four.\nFive, six.\nSeven, eight.\nNine, ten.', 'txt'],
    ['markdown', '| a | b | c |\n| --- | --- | --- |\n| 1 | 2 | 3 |\n| 1 | 2 | 3 |\n| 1 | 2 | 3 |', 'md'],
    ['email', MAIL, 'txt'],
    ['email', 'Subject: x\n\nbody', 'eml'],
    ['text', 'From: the kitchen\nTo: all\nSubject: soup\n\nIt is ready.', 'txt'],
  ])('says %s for %j named .%s', (kind, text, extension) => {
    expect(sniffTextKind(text, hints(extension))).toBe(kind);
  });

  it('uses the media type when there is no extension', () => {
    expect(sniffTextKind('a\tb\n1\t2', hints('', 'text/tab-separated-values'))).toBe('csv');
    expect(sniffTextKind('plain', hints('', 'text/markdown'))).toBe('markdown');
  });
});
