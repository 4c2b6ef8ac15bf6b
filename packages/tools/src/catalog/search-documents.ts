import type { Json } from '@nightshift/domain';
import { z } from 'zod';
import { defineTool, type Tool } from '../define-tool.ts';
import { createPageSearch, DEFAULT_SEARCH_LIMIT, MAX_SEARCH_LIMIT, type SearchHit } from '../documents/search-pages.ts';
import { ToolError } from '../errors/tool-error.ts';
import type { ToolContext } from '../tool-context.ts';
import type { FindFile } from './files/catalog-file.ts';
import type { DocumentCache } from './files/document-cache.ts';
import { findFileIds } from './files/find-file-ids.ts';
import { requireFile } from './files/require-file.ts';

/** Documents of one search; each may have to be parsed. */
const MAX_SEARCHED_FILES = 50;

const HIT = z.object({
  file_id: z.string(),
  name: z.string(),
  page: z.number(),
  score: z.number(),
  snippet: z.string(),
});

const OUTPUT = z.object({
  query: z.string(),
  /** Documents that were searched. */
  documents: z.number(),
  hits: z.array(HIT),
  unreadable: z.array(z.object({ file_id: z.string(), reason: z.string() })),
});

interface Deps {
  documents: DocumentCache;
  findFile: FindFile;
}

/**
 * Creates the tool `search_documents`. Hits of each document go to the client as soon as it is searched; the model gets
 * the ranking over all of them.
 */
export function createSearchDocuments(deps: Deps): Tool {
  return defineTool({
    name: 'search_documents',
    version: '1',
    description:
      'Searches the documents of the task for words and returns the best pages with a snippet of each. Give a few ' +
      'distinctive words, not a question; read the pages with read_document.',
    inputSchema: z.object({
      query: z.string().min(1).max(500),
      file_ids: z
        .array(z.string().max(100))
        .min(1)
        .max(MAX_SEARCHED_FILES)
        .optional()
        .describe('Files to search; the files of the task when absent.'),
      limit: z.int().min(1).max(MAX_SEARCH_LIMIT).default(DEFAULT_SEARCH_LIMIT),
    }),
    outputSchema: OUTPUT,
    annotations: { readOnlyHint: true, openWorldHint: false },
    timeoutMs: { soft: 60_000, hard: 180_000 },
    concurrency: { perWorker: 8 },
    visibility: { output: 'user' },
    execute: (input, context) => search(deps, input, context),
    toModelOutput: ({ output, partial }) => toText(output, partial),
  });
}

async function* search(
  deps: Deps,
  input: { query: string; limit: number; file_ids?: string[] | undefined },
  context: ToolContext,
): AsyncGenerator<Json, z.input<typeof OUTPUT>, void> {
  const { query, limit } = input;
  const fileIds = chooseFiles(input.file_ids, context);
  const ranking = createPageSearch(query, { limit });
  const unreadable: { file_id: string; reason: string }[] = [];
  for (const [index, fileId] of fileIds.entries()) {
    context.signal.throwIfAborted();
    try {
      const file = await requireFile(deps.findFile, context.task.tenantId, fileId);
      const { pages } = await deps.documents.read(file, context.signal);
      const searchable = pages.map((text, at) => ({ documentId: fileId, name: file.name, page: at + 1, text }));
      const hits = ranking.addDocument(searchable).map(toHit);
      yield { file_id: fileId, name: file.name, hits };
    } catch (error) {
      // One document that cannot be read must not hide what the others say.
      if (!(error instanceof ToolError)) throw error;
      unreadable.push({ file_id: fileId, reason: error.message });
    }
    const documents = index + 1 - unreadable.length;
    context.partial({ query, documents, hits: ranking.rank().map(toHit), unreadable });
    await context.progress({ done: index + 1, total: fileIds.length });
  }
  return { query, documents: fileIds.length - unreadable.length, hits: ranking.rank().map(toHit), unreadable };
}

function chooseFiles(asked: string[] | undefined, { task }: ToolContext): string[] {
  const fileIds = asked ? [...new Set(asked)] : findFileIds(task.input).slice(0, MAX_SEARCHED_FILES);
  if (fileIds.length === 0) throw new ToolError('The input of the task names no file; give file_ids.');
  return fileIds;
}

function toHit({ documentId, name, page, score, snippet }: SearchHit): z.infer<typeof HIT> {
  return { file_id: documentId, name, page, score, snippet };
}

function toText({ hits, documents, unreadable }: z.output<typeof OUTPUT>, partial: boolean): string {
  const searched = documents === 1 ? '1 document' : `${documents} documents`;
  const count = hits.length === 1 ? '1 page' : `${hits.length} pages`;
  return [
    `Found ${count} in ${searched}${partial ? ' (the search was cut short)' : ''}.`,
    ...hits.map((hit, index) => `${index + 1}. ${hit.name} (${hit.file_id}), page ${hit.page}: ${hit.snippet}`),
    ...unreadable.map(({ file_id, reason }) => `Not searched: ${file_id}: ${reason}`),
  ].join('\n');
}
