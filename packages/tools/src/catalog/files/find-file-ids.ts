import { type FileId, isId, type Json } from '@nightshift/domain';

/** Every file id in a task's input, wherever it stands, in order and once. */
export function findFileIds(input: Json): FileId[] {
  const found = new Set<FileId>();
  collect(input, found);
  return [...found];
}

/** Inputs nest at most MAX_JSON_DEPTH deep, checked at the door. */
function collect(value: Json, found: Set<FileId>): void {
  if (isId('file', value)) found.add(value);
  else if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) collect(item, found);
}
