import { createId, type FileId } from '@nightshift/domain';
import { describe, expect, it } from 'vitest';
import { ToolError } from '../errors/tool-error.ts';
import { runToolToEnd } from '../executor/run-tool-to-end.ts';
import { createDocumentCache } from './files/document-cache.ts';
import { createRecordingToolContext } from './recording-tool-context.ts';
import { createSearchDocuments } from './search-documents.ts';

const [lease, minutes, blank] = [createId('file'), createId('file'), createId('file')];

const FILES: Record<FileId, { name: string; content: string }> = {
  [lease]: { name: 'lease.txt', content: 'The tenant pays a deposit of three months of rent.' },
  [minutes]: { name: 'minutes.txt', content: 'The board spoke about the roof. Nobody mentioned the deposit.' },
  [blank]: { name: 'blank.txt', content: '' },
};

const tool = createSearchDocuments({
  documents: createDocumentCache({
    objectStore: { read: async (key) => Buffer.from(FILES[key as FileId]?.content ?? '') },
  }),
  findFile: async (_tenant, id) => {
    const file = FILES[id];
    return file && { name: file.name, mediaType: 'text/plain', bytes: file.content.length, s3Key: id };
  },
});

async function search(input: object, taskInput: { [key: string]: string | string[] } = {}) {
  const recording = createRecordingToolContext({ input: taskInput });
  const output = await runToolToEnd(tool, tool.inputSchema.parse(input), recording.context);
  return { output: tool.outputSchema.parse(output), chunks: recording.chunks, partials: recording.partials };
}

describe('search_documents', () => {
  it('streams the hits of each document and returns the ranking over all', async () => {
    const { output, chunks } = await search({ query: 'deposit rent' }, { file_id: lease, other: [minutes] });
    expect(chunks).toMatchObject([
      { file_id: lease, name: 'lease.txt', hits: [{ page: 1 }] },
      { file_id: minutes, hits: [{ page: 1 }] },
    ]);
    expect(output).toMatchObject({
      documents: 2,
      hits: [{ file_id: lease, page: 1, snippet: expect.stringContaining('deposit') }, { file_id: minutes }],
      unreadable: [],
    });
  });

  it('names what could not be searched and goes on', async () => {
    const unknown = createId('file');
    const { output, partials } = await search({ query: 'roof', file_ids: [blank, unknown, minutes] });
    expect(output).toMatchObject({
      documents: 1,
      hits: [{ file_id: minutes }],
      unreadable: [{ file_id: blank }, { file_id: unknown }],
    });
    expect(partials).toHaveLength(3);
    const text = tool.toModelOutput?.({ output, partial: false });
    expect(text).toContain('Found 1 page in 1 document.');
    expect(text).toContain(`Not searched: ${blank}:`);
  });

  it('asks for files when the task names none', async () => {
    await expect(search({ query: 'anything' }, { note: 'no file here' })).rejects.toBeInstanceOf(ToolError);
  });

  it('finds nothing without failing', async () => {
    const { output } = await search({ query: 'zebra', file_ids: [lease] });
    expect(output).toMatchObject({ hits: [], documents: 1 });
  });
});
