import { describe, expect, it } from 'vitest';
import { parseReadResult } from './read-result.ts';

describe('parseReadResult', () => {
  it('reads the page marker and drops what the runtime wrote into a shortened page', () => {
    const text = '[page 3 of 12]\nThe words.\n[truncated: 1,200 characters left out]';
    expect(parseReadResult(text, false)).toEqual({
      kind: 'text',
      page: 3,
      totalPages: 12,
      text: 'The words.\n',
      shortened: true,
    });
  });

  it('reads a page given as JSON', () => {
    expect(parseReadResult('{"page":2,"total_pages":5,"text":"Hello"}', false)).toEqual({
      kind: 'text',
      page: 2,
      totalPages: 5,
      text: 'Hello',
    });
  });

  it.each([
    '[truncated: 4,210 characters]',
    '[Old tool result content cleared]',
    '[earlier result pruned to save context]',
  ])('takes "%s" for a stub', (text) => {
    expect(parseReadResult(text, false)).toEqual({ kind: 'stub' });
  });

  it.each([
    ['The PDF is encrypted; a password is needed.', 'encrypted'],
    ['This file has no text layer.', 'no_text_layer'],
    ['Invalid PDF structure: the file is damaged', 'damaged'],
    ['The file is empty (0 bytes)', 'empty'],
    ['media type not supported', 'unsupported'],
    ['file_x was not found', 'not_found'],
    ['upstream timed out', 'unreadable'],
  ])('reads the error "%s" as %s', (message, code) => {
    expect(parseReadResult(message, true)).toEqual({ kind: 'failed', code, message });
  });
});
