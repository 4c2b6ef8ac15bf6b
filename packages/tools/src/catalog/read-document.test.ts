import type { FileId } from '@nightshift/domain';
import { createId, failWith } from '@nightshift/domain';
import { describe, expect, it } from 'vitest';
import { RetryableToolError } from '../errors/retryable-tool-error.ts';
import { ToolError } from '../errors/tool-error.ts';
import { runToolToEnd } from '../executor/run-tool-to-end.ts';
import { createDocumentCache } from './files/document-cache.ts';
import { createReadDocument } from './read-document.ts';
import { createRecordingToolContext } from './recording-tool-context.ts';

const tenantId = createId('tenant');
const fileId = createId('file');

interface Stored {
  name: string;
  mediaType: string;
  content: string;
}

/** The tool over files in memory; `reads` counts what was fetched. */
function openTool(files: Record<FileId, Stored>, onRead: () => void = () => undefined) {
  const reads: string[] = [];
  const objectStore = {
    async read(key: string) {
      reads.push(key);
      onRead();
      return Buffer.from(files[key as FileId]?.content ?? '');
    },
  };
  const tool = createReadDocument({
    documents: createDocumentCache({ objectStore }),
    findFile: async (tenant, id) => {
      const file = tenant === tenantId ? files[id] : undefined;
      return file && { name: file.name, mediaType: file.mediaType, bytes: file.content.length, s3Key: id };
    },
  });
  const read = async (input: object, tenant = tenantId): Promise<unknown> =>
    await runToolToEnd(tool, tool.inputSchema.parse(input), createRecordingToolContext({ tenantId: tenant }).context);
  return { tool, read, reads };
}

const LETTER = { name: 'letter.md', mediaType: 'text/markdown', content: '# Rent\n\nThe rent is 900 EUR a month.' };

describe('read_document', () => {
  it('gives a page with a first line that says which', async () => {
    const { tool, read } = openTool({ [fileId]: LETTER });
    const output = tool.outputSchema.parse(await read({ file_id: fileId }));
    expect(output).toMatchObject({ page: 1, pages: 1, kind: 'markdown', title: 'Rent' });
    const text = tool.toModelOutput?.({ output, partial: false });
    expect(String(text).split('\n')[0]).toBe('[page 1 of 1]');
    expect(text).toContain('900 EUR');
  });

  it('parses a document once for calls that come together and for later ones', async () => {
    const { read, reads } = openTool({ [fileId]: LETTER });
    await Promise.all([read({ file_id: fileId }), read({ file_id: fileId })]);
    await read({ file_id: fileId });
    expect(reads).toHaveLength(1);
  });

  it('says how many pages there are when the page does not exist', async () => {
    const { read } = openTool({ [fileId]: LETTER });
    await expect(read({ file_id: fileId, page: 7 })).rejects.toThrow('There is no page 7: the document has 1 page.');
  });

  it('tells the model why a document cannot be read', async () => {
    const { read } = openTool({ [fileId]: { name: 'x.pdf', mediaType: 'application/pdf', content: '' } });
    const error = await read({ file_id: fileId }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ToolError);
    expect(error).toMatchObject({ code: 'document_empty', message: expect.stringContaining('empty') });
  });

  it('gives the same answer for unknown, malformed and foreign ids', async () => {
    const { read, reads } = openTool({ [fileId]: LETTER });
    for (const id of [createId('file'), '../../etc/passwd', createId('task')]) {
      await expect(read({ file_id: id })).rejects.toThrow(`File not found: "${id}"`);
    }
    await expect(read({ file_id: fileId }, createId('tenant'))).rejects.toThrow(`File not found: "${fileId}"`);
    expect(reads).toEqual([]);
  });

  it('leaves an outage of S3 to the executor and asks again next time', async () => {
    let isDown = true;
    const { read } = openTool({ [fileId]: LETTER }, () => {
      if (isDown) throw failWith('storage_unavailable', 'S3 is away.');
    });
    await expect(read({ file_id: fileId })).rejects.toMatchObject({ failure: { retryable: true } });
    isDown = false;
    expect(await read({ file_id: fileId })).toMatchObject({ page: 1 });
  });

  it('is told when the object is gone that nothing will bring it back', async () => {
    const { read } = openTool({ [fileId]: LETTER }, () => {
      throw failWith('not_found', 'gone');
    });
    const error = await read({ file_id: fileId }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ToolError);
    expect(error).not.toBeInstanceOf(RetryableToolError);
  });

  it('one caller that gives up does not take the parse from the others', async () => {
    const { tool, reads } = openTool({ [fileId]: LETTER });
    const [quitter, patient] = [createRecordingToolContext({ tenantId }), createRecordingToolContext({ tenantId })];
    const input = tool.inputSchema.parse({ file_id: fileId });
    const given = runToolToEnd(tool, input, quitter.context).catch((thrown) => thrown);
    const kept = runToolToEnd(tool, input, patient.context);
    quitter.abort(new Error('cancelled'));
    expect(await given).toMatchObject({ message: 'cancelled' });
    expect(await kept).toMatchObject({ page: 1 });
    expect(reads).toHaveLength(1);
  });
});
