import { createFailure, type FailureCode } from '@nightshift/domain';
import { describe, expect, it } from 'vitest';
import { createDocumentAnalyst } from './document-analyst.ts';

const analyst = createDocumentAnalyst({ tools: [], models: ['model'] });

function failsAfter(code: FailureCode, name = 'read_document'): boolean {
  const failure = createFailure(code, 'it failed');
  const outcome = {
    kind: 'failed' as const,
    failure,
    fatal: false,
    modelContent: [],
    isError: true,
    attempts: 1,
    ranTool: name,
    durationMs: 1,
    finalEvents: [],
  };
  return analyst.failsTask?.({ name, outcome }) === failure;
}

describe('createDocumentAnalyst', () => {
  it('fails the task when its document cannot be read, and lets the model go on otherwise', () => {
    expect(failsAfter('document_encrypted')).toBe(true);
    expect(failsAfter('not_found')).toBe(false); // the model may have made the id up
    expect(failsAfter('tool_rejected')).toBe(false);
    expect(failsAfter('document_empty', 'search_documents')).toBe(false);
  });
});
