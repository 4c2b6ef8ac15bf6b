import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { TaskResult } from '../batch/task-result.ts';
import { createColors } from './colors.ts';
import { renderResults } from './render-results.ts';

function result(customId: string, more: Partial<TaskResult> = {}): TaskResult {
  return { id: 'task_1', customId, status: 'completed', result: {}, failure: undefined, audioId: undefined, ...more };
}

const CONTRACT = result('contract-wind-farm-maintenance.pdf', {
  result: {
    title: 'Maintenance Agreement for the Wind Farm Hohe Warte',
    kind: 'incident_report',
    language: 'en',
    summary: ['…'],
    amounts: [{ text: 'EUR 1,240,000' }, { text: 'EUR 1,240,000' }, { text: 'EUR 12' }, { text: 'EUR 7' }],
    dates: [{ text: '1 March 2026', iso: '2026-03-01' }],
    names: [{ text: 'Nordlicht Windkraft GmbH', type: 'organization' }],
  },
});

function render(results: TaskResult[], columns: number, color = false): string {
  return renderResults(results, [], { columns, colors: createColors(color) });
}

function wordsOf(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(/[│─┌┐└┘├┤┬┴┼]/g, ' ')
    .replaceAll(/\s+/g, ' ');
}

describe('renderResults', () => {
  it('shows title, kind, language, facts and status of a document', () => {
    const words = wordsOf(render([CONTRACT], 200));
    for (const part of ['contract-wind-farm-maintenance.pdf', 'for the Wind Farm Hohe Warte', 'incident', 'en']) {
      expect(words).toContain(part);
    }
    expect(words).toContain('EUR 1,240,000 · EUR 12 ·');
    expect(words).toContain('1 March 2026');
    expect(words).not.toContain('EUR 7');
    expect(words).toContain('completed');
  });

  it.each([80, 120, 200])('is exactly as wide as a terminal of %i columns', (columns) => {
    const wide = result('契約書.pdf', { result: { title: '保守契約'.repeat(30), amounts: ['x'.repeat(300)] } });
    for (const text of [render([CONTRACT], columns), render([CONTRACT], columns, true)]) {
      for (const line of stripVTControlCharacters(text).split('\n')) expect(line).toHaveLength(columns);
    }
    for (const line of render([wide], columns).split('\n')) expect(widthOf(line)).toBe(columns);
  });

  it('lists documents instead of tearing a table when the terminal is narrow', () => {
    expect(render([CONTRACT], 40)).toBe(
      'contract-wind-farm-maintenance.pdf  completed\n' +
        '  Maintenance Agreement for the Wind Farm Hohe Warte\n' +
        '  incident report · en · EUR 1,240,000 · EUR 12 · 1 March 2026 · Nordlicht Windkraft GmbH\n',
    );
  });

  it('keeps every character of a title in a script without spaces', () => {
    const title = '二〇二五年第三季度董事会会议纪要及其附件的全部内容';
    const cells = render([result('会议纪要.docx', { result: { title } })], 80)
      .split('\n')
      .slice(3);
    expect(cells.map((line) => line.split('│')[2]?.trim() ?? '').join('')).toBe(title);
  });

  it('keeps the whole of a long file name and title at 80 columns', () => {
    const cells = render([CONTRACT], 80)
      .split('\n')
      .slice(3)
      .map((line) => line.split('│').map((cell) => cell.trim()));
    const columnOf = (n: number, gap: string) => cells.map((row) => row[n] ?? '').join(gap);
    expect(columnOf(1, '')).toBe('contract-wind-farm-maintenance.pdf');
    expect(columnOf(2, ' ').trim()).toBe('Maintenance Agreement for the Wind Farm Hohe Warte');
  });

  it('says in words why a document has no result', () => {
    const text = renderResults(
      [
        CONTRACT,
        result('locked.pdf', {
          result: { title: 'locked', pages_read: 0, summary: ['It needs a password.'] },
        }),
        result('damaged.pdf', {
          status: 'failed',
          failure: { code: 'tool_rejected', message: 'The file is damaged.' },
        }),
        result('unlucky.md', {
          status: 'failed',
          failure: { code: 'model_timeout', message: 'The model took too long.' },
        }),
      ],
      [{ customId: 'huge.bin', reason: 'The body may have at most 9 bytes.' }],
      { columns: 120, colors: createColors(false) },
    );
    expect(text.split('\n').slice(-5)).toEqual([
      'No result for 4 of 5:',
      '  ! locked.pdf: It needs a password.',
      '  ! damaged.pdf: The file is damaged.',
      '  ✖ unlucky.md: The model took too long.',
      '  ! huge.bin: The body may have at most 9 bytes.',
    ]);
    expect(text).toContain('unreadable');
  });

  it('lets nothing of a document act on the terminal', () => {
    const evil = result('a\u001b[2J.pdf', {
      result: { title: '\u001b]8;;http://x\u0007link\u001b]8;;\u0007\r\nnext' },
    });
    expect(render([evil], 80).replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });
});

/** East Asian wide characters take two columns. */
function widthOf(line: string): number {
  return [...line].reduce((width, character) => width + (/\p{Script=Han}/u.test(character) ? 2 : 1), 0);
}
