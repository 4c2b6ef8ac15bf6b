import type { PollyClient } from '@aws-sdk/client-polly';
import type { ObjectStore } from '@nightshift/artifacts';
import type { Tool } from '../define-tool.ts';
import { createAskHuman } from './ask-human.ts';
import { createComposeMusic } from './compose-music.ts';
import type { FindFile } from './files/catalog-file.ts';
import { createDocumentCache } from './files/document-cache.ts';
import { createReadDocument } from './read-document.ts';
import { createSearchDocuments } from './search-documents.ts';
import { createSpeak } from './speak.ts';
import { createWaitUntil } from './wait-until.ts';

export interface CatalogDeps {
  objectStore: Pick<ObjectStore, 'read'>;
  polly: PollyClient;
  /** Must not find another tenant's files. */
  findFile: FindFile;
}

/** The tools that come with Nightshift. Once a process: they share the cache of parsed documents. */
export function createCatalog({ objectStore, polly, findFile }: CatalogDeps): Tool[] {
  const documents = createDocumentCache({ objectStore });
  return [
    createReadDocument({ documents, findFile }),
    createSearchDocuments({ documents, findFile }),
    createSpeak({ polly }),
    createComposeMusic(),
    createAskHuman(),
    createWaitUntil(),
  ];
}
