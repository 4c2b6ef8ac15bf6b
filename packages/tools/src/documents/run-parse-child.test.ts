import { deflateRawSync, deflateSync } from 'node:zlib';
import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import { readDocumentPages } from './read-document-pages.ts';

interface ZipPart {
  name: string;
  content: Buffer;
  /** What the archive claims, when it lies. */
  declaredBytes?: number;
}

/** A ZIP archive without checksums, which the guard does not look at. */
function buildZip(parts: ZipPart[]): Buffer {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { name, content, declaredBytes = content.length } of parts) {
    const packed = deflateRawSync(content, { level: 9 });
    const sizes = Buffer.alloc(12);
    sizes.writeUInt32LE(packed.length, 4);
    sizes.writeUInt32LE(declaredBytes, 8);
    const common = Buffer.concat([
      Buffer.from([20, 0, 0, 0, 8, 0, 0, 0, 0, 0]),
      sizes,
      Buffer.from([name.length, 0, 0, 0]),
    ]);
    const header = Buffer.concat([Buffer.from('PK\u0003\u0004'), common, Buffer.from(name)]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    central.push(Buffer.concat([Buffer.from('PK\u0001\u0002\u0014\u0000'), common, rest, Buffer.from(name)]));
    local.push(header, packed);
    offset += header.length + packed.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006', 'latin1');
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...local, directory, end]);
}

/** A PDF with one line of text on each page, or with the given compressed content. */
function buildPdf(pageTexts: string[], content?: Buffer): Buffer {
  const objects: Buffer[] = [];
  const kids = pageTexts.map((_, i) => `${4 + i * 2} 0 R`).join(' ');
  objects.push(Buffer.from('<< /Type /Catalog /Pages 2 0 R >>'));
  objects.push(Buffer.from(`<< /Type /Pages /Kids [${kids}] /Count ${pageTexts.length} >>`));
  objects.push(Buffer.from('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>'));
  for (const [i, text] of pageTexts.entries()) {
    const resources = '<< /Font << /F1 3 0 R >> >>';
    objects.push(
      Buffer.from(
        `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources ${resources} /Contents ${5 + i * 2} 0 R >>`,
      ),
    );
    const stream = content ?? Buffer.from(text === '' ? '' : `BT /F1 12 Tf 72 700 Td (${text}) Tj ET`);
    const filter = content === undefined ? '' : ' /Filter /FlateDecode';
    objects.push(
      Buffer.concat([
        Buffer.from(`<< /Length ${stream.length}${filter} >>\nstream\n`),
        stream,
        Buffer.from('\nendstream'),
      ]),
    );
  }
  const chunks: Buffer[] = [Buffer.from('%PDF-1.4\n')];
  const offsets: number[] = [];
  let length = 9;
  for (const [i, object] of objects.entries()) {
    offsets.push(length);
    const chunk = Buffer.concat([Buffer.from(`${i + 1} 0 obj\n`), object, Buffer.from('\nendobj\n')]);
    chunks.push(chunk);
    length += chunk.length;
  }
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const size = objects.length + 1;
  chunks.push(
    Buffer.from(
      `xref\n0 ${size}\n0000000000 65535 f \n${table}trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${length}\n%%EOF`,
    ),
  );
  return Buffer.concat(chunks);
}

function randomBytes(count: number, seed: number): Buffer {
  let state = seed;
  return Buffer.from(
    Uint8Array.from({ length: count }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    }),
  );
}

/** The beginning of what Office wrote before 2007, and of what it writes with a password. */
const COMPOUND_FILE = Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(504, 1)]);

const refusal = (code: string) => ({ name: 'DocumentError', code });

describe('runParseChild', () => {
  it('reads a PDF of 1,000 pages', async () => {
    const pdf = buildPdf(Array.from({ length: 1000 }, (_, i) => `This is page ${i + 1}`));
    const { pages, warnings } = await readDocumentPages(pdf, { name: 'long.pdf' });
    expect(pages).toHaveLength(1000);
    expect(pages[999]).toBe('This is page 1000');
    expect(warnings).toEqual([]);
  });

  it('names the pages of a PDF that have no text', async () => {
    const { pages, warnings } = await readDocumentPages(buildPdf(['One', '', 'Three', '']), { name: 'x.pdf' });
    expect(pages).toEqual(['One', '', 'Three', '']);
    expect(warnings).toEqual(['Pages 2, 4 without text: blank, or a picture of a page (not read).']);
  });

  it.each([
    ['random bytes named .pdf', randomBytes(20_000, 1), 'a.pdf', 'document_damaged'],
    ['random bytes named .docx', randomBytes(20_000, 2), 'a.docx', 'document_damaged'],
    ['random bytes', randomBytes(20_000, 3), 'a.bin', 'document_unsupported'],
    ['a PDF header and nothing else', Buffer.from('%PDF-1.7\n'), 'a.pdf', 'document_damaged'],
    [
      'a PDF header and rubbish',
      Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(50_000, 4)]),
      'a.pdf',
      'document_damaged',
    ],
    [
      'half a DOCX',
      buildZip([{ name: 'word/document.xml', content: randomBytes(9_000, 5) }]).subarray(0, 5_000),
      'a.docx',
      'document_damaged',
    ],
    [
      'a ZIP without a Word document',
      buildZip([{ name: 'a.txt', content: Buffer.from('x') }]),
      'a.zip',
      'document_unsupported',
    ],
    [
      'a PNG',
      Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55', 'hex'),
      'a.html',
      'document_unsupported',
    ],
    [
      'an encrypted Word document',
      Buffer.concat([COMPOUND_FILE, Buffer.from('EncryptedPackage', 'utf16le')]),
      'a.docx',
      'document_encrypted',
    ],
    ['an old Word document', COMPOUND_FILE, 'a.doc', 'document_unsupported'],
    ['blank space', Buffer.from(' \n\t \r\n '), 'a.txt', 'document_empty'],
    [
      'an HTML page without text',
      Buffer.from('<html><body><script>let x = 1</script></body></html>'),
      'a.html',
      'document_empty',
    ],
    ['rich text', Buffer.from('{\\rtf1 Hello}'), 'a.txt', 'document_unsupported'],
  ])('answers %s with one clear refusal', async (_, bytes, name, code) => {
    await expect(readDocumentPages(bytes, { name })).rejects.toMatchObject(refusal(code));
  });

  it.each([0.1, 0.5, 0.8])('refuses a PDF cut at %d of its length, or reads what is left', async (share) => {
    const pdf = buildPdf(['First page', 'Second page']);
    const reading = readDocumentPages(pdf.subarray(0, pdf.length * share), { name: 'x.pdf' });
    const outcome = await reading.catch((error: unknown) => error);
    expect(outcome).toSatisfy((value: { code?: string; pages?: string[] }) =>
      value.pages === undefined ? value.code === 'document_damaged' : value.pages[0] === 'First page',
    );
  });

  it.each([
    ['declares its size', undefined],
    ['lies about its size', 1_000],
  ])('does not unpack a DOCX bomb that %s', async (_, declaredBytes) => {
    const content = Buffer.alloc(260 * 1024 * 1024, 0x20);
    const bomb = buildZip([
      { name: '[Content_Types].xml', content: Buffer.from('<Types/>') },
      { name: 'word/document.xml', content, ...(declaredBytes === undefined ? {} : { declaredBytes }) },
    ]);
    await expect(readDocumentPages(bomb, { name: 'bomb.docx' })).rejects.toMatchObject(refusal('document_too_large'));
  });

  it('ends a PDF that unpacks to more than the memory allows', async () => {
    // Half a gigabyte of spaces: an empty page for a reader with enough memory.
    const content = deflateSync(Buffer.alloc(512 * 1024 * 1024, 0x20), { level: 9 });
    await expect(readDocumentPages(buildPdf(['x'], content), { name: 'bomb.pdf' })).rejects.toMatchObject(
      refusal('document_too_large'),
    );
  });

  it('reads HTML nested twenty thousand deep as bare text', async () => {
    const html = `<html><body>${'<div>'.repeat(20_000)}deep text${'</div>'.repeat(20_000)}</body></html>`;
    const { pages, warnings } = await readDocumentPages(Buffer.from(html), { name: 'deep.html' });
    expect(pages).toEqual(['deep text']);
    expect(warnings[0]).toContain('nested too deeply');
  });

  it('shortens one huge cell of a table', async () => {
    const csv = `id,note\n1,${'x'.repeat(5_000_000)}\n2,short\n`;
    const { pages, warnings } = await readDocumentPages(Buffer.from(csv), { name: 'huge.csv' });
    expect(pages.join('').length).toBeLessThan(10_000);
    expect(pages.join('')).toContain('| 2 | short |');
    expect(warnings).toEqual(['1 cell was too long and shortened.']);
  });

  it('reads a table with an unclosed quotation mark line by line', async () => {
    const { pages, warnings } = await readDocumentPages(Buffer.from('a,b\n1,"two\n3,four\n'), { name: 'x.csv' });
    expect(pages[0]).toContain('| 3 | four |');
    expect(warnings[0]).toContain('quotation marks');
  });

  it.each(['utf-16le', 'utf-16be', 'windows-1252', 'utf8'])('reads text in %s', async (encoding) => {
    const bytes = iconv.encode('Größe: año\n\nzwei', encoding, { addBOM: encoding.startsWith('utf-16') });
    expect((await readDocumentPages(bytes, { name: 'x.txt' })).pages).toEqual(['Größe: año\n\nzwei']);
  });

  it('shows NUL and escape sequences as harmless text', async () => {
    const { pages } = await readDocumentPages(Buffer.from(`${'line\n'.repeat(20)}a\u0000b \u001b[31mred`), {
      name: 'x.log',
    });
    expect(pages[0]).toMatch(/a\u2400b red$/);
  });

  it.each([
    ['spaces', `a${' '.repeat(2_000_000)}b`, 'x.txt'],
    ['unclosed comments', `# x\n${'<!-- '.repeat(300_000)}`, 'x.md'],
    ['list items', `<ol>${'<li>x'.repeat(20_000)}</ol>`, 'x.html'],
  ])('takes no longer for very many %s than for other text', async (_, text, name) => {
    const document = await readDocumentPages(Buffer.from(text), { name }, { timeoutMs: 12_000 });
    expect(document.pages.length).toBeGreaterThan(0);
  });

  it('ends at its deadline', async () => {
    const slow = Buffer.from(`<html><body>${'<b>'.repeat(200)}${'<table><tr><td>x'.repeat(20_000)}</body></html>`);
    const error = await readDocumentPages(slow, { name: 'slow.html' }, { timeoutMs: 150 }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject(refusal('document_timeout'));
  });

  it('gives up with the reason of the signal', async () => {
    const abort = new AbortController();
    const reading = readDocumentPages(buildPdf(['x']), { name: 'x.pdf' }, { signal: abort.signal });
    abort.abort(new Error('no longer wanted'));
    await expect(reading).rejects.toThrow('no longer wanted');
    await expect(readDocumentPages(buildPdf(['x']), {}, { signal: abort.signal })).rejects.toThrow('no longer wanted');
  });
});
