/**
 * Makes the example documents that are not written by hand: `node examples/make-documents/make-documents.mjs`.
 * Every run gives the same bytes. Documents that are plain text are written directly in examples/documents/.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeHandbook } from './make-handbook.mjs';
import { makeOrders } from './make-orders.mjs';
import { readSource } from './read-source.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const target = process.argv[2] ?? join(here, '..', 'documents');

// Archives record the local time.
process.env.TZ = 'UTC';
freezeClock(Date.UTC(2026, 2, 31, 12));
// Loaded after the clock stands still: both libraries stamp the current time into files.
const { renderPdf } = await import('./render-pdf.mjs');
const { renderDocx } = await import('./render-docx.mjs');
const { renderScan } = await import('./render-scan.mjs');

for (const name of readdirSync(join(here, 'sources')).sort()) {
  const source = readSource(join(here, 'sources', name));
  save(source.meta.file, await render(name, source));
}
save('handbook-cold-store-operations.md', makeHandbook());
save('orders-2026-q1.csv', makeOrders());

async function render(name, source) {
  if (name === 'delivery-note-scan.md') return renderScan(source.blocks.map((block) => block.text), source.meta.created);
  if (source.meta.file.endsWith('.docx')) return renderDocx(source);
  const lock = source.meta.password === undefined ? {} : { pdfVersion: '1.4', userPassword: source.meta.password, ownerPassword: source.meta.password };
  const bytes = await renderPdf(source, lock);
  return source.meta.cut === undefined ? bytes : bytes.subarray(0, Math.floor(bytes.length * Number(source.meta.cut)));
}

function save(file, content) {
  writeFileSync(join(target, file), content);
  process.stdout.write(`${file} ${Buffer.byteLength(content)} bytes\n`);
}

/** Makes `new Date()` and `Date.now()` answer one fixed moment; dates that are given stay what they are. */
function freezeClock(now) {
  const RealDate = Date;
  globalThis.Date = class extends RealDate {
    constructor(...parts) {
      if (parts.length === 0) super(now);
      else super(...parts);
    }
    static now() {
      return now;
    }
  };
}
