import { toSafeText } from '@nightshift/domain';
import type { ModelText } from './tool-outcome.ts';

/** A result longer than this would crowd out the conversation; the tool keeps the whole in an artifact or in pages. */
export const MAX_MODEL_CONTENT_BYTES = 100_000;

/**
 * What the model reads: safe text, cut at MAX_MODEL_CONTENT_BYTES in all with a note that says so, in case it takes the
 * part for the whole. Empty content becomes a sentence, because vendors refuse empty blocks.
 */
export function toModelContent(blocks: readonly ModelText[]): ModelText[] {
  const texts = blocks.map((block) => toSafeText(block.text)).filter((text) => text !== '');
  if (texts.length === 0) return [{ type: 'text', text: '(the tool returned nothing)' }];
  const totalBytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (totalBytes <= MAX_MODEL_CONTENT_BYTES) return texts.map((text) => ({ type: 'text', text }));
  const kept: ModelText[] = [];
  let leftBytes = MAX_MODEL_CONTENT_BYTES;
  for (const text of texts) {
    const part = cutToBytes(text, leftBytes);
    leftBytes -= Buffer.byteLength(part);
    if (part !== '') kept.push({ type: 'text', text: part });
    if (leftBytes <= 0 || part.length < text.length) break;
  }
  kept.push({
    type: 'text',
    text: `[cut: the first ${MAX_MODEL_CONTENT_BYTES} of ${totalBytes} bytes are shown; ask for a smaller part]`,
  });
  return kept;
}

/** The longest beginning of the text of at most `maxBytes` in UTF-8 that does not cut a character. */
function cutToBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  let end = maxBytes;
  while (end > 0 && isContinuation(bytes[end])) end--;
  return bytes.toString('utf8', 0, end);
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
