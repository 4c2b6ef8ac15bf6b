import { z } from 'zod';
import { defineTool, type Tool } from '../define-tool.ts';
import { DOCUMENT_KINDS } from '../documents/document-pages.ts';
import { ToolError } from '../errors/tool-error.ts';
import type { FindFile } from './files/catalog-file.ts';
import type { DocumentCache } from './files/document-cache.ts';
import { requireFile } from './files/require-file.ts';

/** Creates the tool `read_document`: one page of an uploaded document as text. */
export function createReadDocument(deps: { documents: DocumentCache; findFile: FindFile }): Tool {
  return defineTool({
    name: 'read_document',
    version: '1',
    description:
      'Reads one page of an uploaded document (PDF, Word, HTML, Markdown, text, CSV or e-mail). The result begins with ' +
      'a line like "[page 3 of 12]"; ask for further pages one by one.',
    inputSchema: z.object({
      file_id: z.string().max(100).describe('Id of the file, as given in the task.'),
      page: z.int().min(1).default(1).describe('Number of the page, from 1.'),
    }),
    outputSchema: z.object({
      page: z.number(),
      pages: z.number(),
      title: z.string().optional(),
      kind: z.enum(DOCUMENT_KINDS),
      text: z.string(),
      warnings: z.array(z.string()),
    }),
    annotations: { readOnlyHint: true, openWorldHint: false },
    timeoutMs: { hard: 90_000 },
    concurrency: { perWorker: 16 },
    async execute({ file_id, page }, { task, signal }) {
      const file = await requireFile(deps.findFile, task.tenantId, file_id);
      const { pages, title, kind, warnings } = await deps.documents.read(file, signal);
      const text = pages[page - 1];
      if (text === undefined) {
        const span = pages.length === 1 ? '1 page' : `${pages.length} pages`;
        throw new ToolError(`There is no page ${page}: the document has ${span}.`);
      }
      return { page, pages: pages.length, kind, text, warnings, ...(title === undefined ? {} : { title }) };
    },
    toModelOutput: ({ output: { page, pages, text, warnings } }) =>
      `[page ${page} of ${pages}]\n${text}${page === 1 ? toNote(warnings) : ''}`,
  });
}

/** One line in brackets, which nobody takes for words of the document. */
function toNote(warnings: readonly string[]): string {
  if (warnings.length === 0) return '';
  return `\n\n[omitted or repaired while reading: ${warnings.join(' ').replace(/[[\]\s]+/g, ' ')}]`;
}
