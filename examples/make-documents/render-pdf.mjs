import PDFDocument from 'pdfkit';

const MARGIN = 64;
const LINE_GAP = 2.5;
const SIZES = { 1: 20, 2: 13.5, 3: 11.5 };
const BODY_SIZE = 10.5;
const TABLE_SIZE = 9;

/** Lays blocks (see read-source.mjs) out as a PDF and returns its bytes. `columns` is 1 or 2. */
export function renderPdf({ meta, blocks }, options = {}) {
  const doc = new PDFDocument({
    size: 'A4',
    margin: MARGIN,
    bufferPages: true,
    info: { Title: meta.title, Author: meta.author, Subject: meta.subject, CreationDate: new Date(meta.created) },
    ...options,
  });
  const chunks = [];
  doc.on('data', (chunk) => chunks.push(chunk));
  const done = new Promise((resolve) => doc.on('end', () => resolve(Buffer.concat(chunks))));
  if (Number(meta.columns ?? 1) === 2) drawInColumns(doc, blocks);
  else for (const block of blocks) drawBlock(doc, block, { x: MARGIN, width: doc.page.width - 2 * MARGIN });
  numberPages(doc, meta);
  doc.end();
  return done;
}

function drawBlock(doc, block, column) {
  switch (block.type) {
    case 'heading':
      keepTogether(doc, 60);
      doc.moveDown(block.level === 1 ? 0 : 0.7);
      doc.font('Helvetica-Bold').fontSize(SIZES[block.level]).text(block.text, column.x, doc.y, { width: column.width });
      doc.moveDown(0.35);
      return;
    case 'paragraph':
      drawParagraph(doc, block.text, column);
      return;
    case 'list':
      drawList(doc, block, column);
      return;
    case 'table':
      drawTable(doc, block.rows, column);
      return;
    default:
      throw new Error(`unknown block ${block.type}`);
  }
}

function drawParagraph(doc, text, column, align = 'left') {
  const isBold = /^\*\*[^*]+\*\*$/.test(text);
  doc.font(isBold ? 'Times-Bold' : 'Times-Roman').fontSize(BODY_SIZE);
  doc.text(text.replaceAll('**', ''), column.x, doc.y, { width: column.width, lineGap: LINE_GAP, align });
  doc.moveDown(0.6);
}

function drawList(doc, block, column) {
  doc.font('Times-Roman').fontSize(BODY_SIZE);
  for (const [i, item] of block.items.entries()) {
    const marker = block.isOrdered ? `${i + 1}.` : '\u2022';
    keepTogether(doc, 20);
    const y = doc.y;
    doc.text(marker, column.x + 6, y, { width: 16, lineBreak: false });
    doc.text(item.replaceAll('**', ''), column.x + 24, y, { width: column.width - 24, lineGap: LINE_GAP });
  }
  doc.moveDown(0.6);
}

function drawTable(doc, rows, column) {
  const widths = measureColumns(doc, rows, column.width);
  for (const [i, row] of rows.entries()) {
    doc.font(i === 0 ? 'Helvetica-Bold' : 'Helvetica').fontSize(TABLE_SIZE);
    const height = Math.max(...row.map((cell, c) => doc.heightOfString(cell || ' ', { width: widths[c] - 8 }))) + 6;
    keepTogether(doc, height);
    const y = doc.y;
    let x = column.x;
    for (const [c, cell] of row.entries()) {
      const align = i > 0 && /^[-\d.,\s€%]+(?:€|%)?$/.test(cell) && c > 0 ? 'right' : 'left';
      doc.text(cell, x + 4, y + 3, { width: widths[c] - 8, align });
      x += widths[c];
    }
    doc.moveTo(column.x, y + height).lineTo(column.x + column.width, y + height).lineWidth(0.4).strokeColor('#888').stroke();
    doc.x = column.x;
    doc.y = y + height;
  }
  doc.moveDown(0.8);
}

/** Widths in proportion to the longest cell, with a floor, so that short columns do not break. */
function measureColumns(doc, rows, total) {
  doc.font('Helvetica').fontSize(TABLE_SIZE);
  const wanted = rows[0].map((_, c) => Math.max(...rows.map((row) => Math.min(doc.widthOfString(row[c] ?? ''), total * 0.45))) + 10);
  const sum = wanted.reduce((a, b) => a + b, 0);
  return wanted.map((width) => (width / sum) * total);
}

function keepTogether(doc, height) {
  if (doc.y + height > doc.page.height - doc.page.margins.bottom) doc.addPage();
}

/** The title across the page, everything else in two narrow columns with hyphenated words, as engineers' reports are set. */
function drawInColumns(doc, blocks) {
  const gap = 22;
  const width = (doc.page.width - 2 * MARGIN - gap) / 2;
  drawBlock(doc, blocks[0], { x: MARGIN, width: 2 * width + gap });
  drawBlock(doc, blocks[1], { x: MARGIN, width: 2 * width + gap });
  let index = 0;
  let top = doc.y + 6;
  doc.y = top;
  const column = () => ({ x: MARGIN + index * (width + gap), width });
  const advance = () => {
    index = (index + 1) % 2;
    if (index === 0) {
      doc.addPage();
      top = MARGIN;
    }
    doc.y = top;
  };
  for (const block of blocks.slice(2)) {
    if (block.type !== 'paragraph') {
      if (doc.y + (block.type === 'table' ? block.rows.length * 18 : 60) > doc.page.height - MARGIN - 20) advance();
      drawBlock(doc, block, column());
      continue;
    }
    doc.font('Times-Roman').fontSize(BODY_SIZE);
    for (const line of breakLines(doc, block.text, width)) {
      if (doc.y + 16 > doc.page.height - MARGIN - 20) advance();
      doc.text(line, column().x, doc.y, { lineBreak: false });
      doc.y += BODY_SIZE + LINE_GAP + 1;
    }
    doc.y += 6;
  }
}

/** Fills lines word by word and breaks long words between a vowel and a consonant. */
function breakLines(doc, text, width) {
  const lines = [];
  let line = '';
  for (const word of text.split(' ')) {
    const candidate = line === '' ? word : `${line} ${word}`;
    if (doc.widthOfString(candidate) <= width) {
      line = candidate;
      continue;
    }
    const cut = findHyphen(doc, line, word, width);
    lines.push(cut === 0 ? line : `${line} ${word.slice(0, cut)}-`);
    line = word.slice(cut);
  }
  return [...lines, line];
}

function findHyphen(doc, line, word, width) {
  if (!/^[a-z]{8,}[.,]?$/.test(word)) return 0;
  for (let cut = word.length - 4; cut >= 3; cut--) {
    const isOpen = /[aeiou][bcdfghjklmnprstvw][aeiou]/.test(word.slice(cut - 1, cut + 2));
    const isClosed = /[aeiou][bcdfglmnprst][bcdfgmpst][aeiou]/.test(word.slice(cut - 2, cut + 2));
    if ((isOpen || isClosed) && doc.widthOfString(`${line} ${word.slice(0, cut)}-`) <= width) return cut;
  }
  return 0;
}

function numberPages(doc, meta) {
  const { start, count } = doc.bufferedPageRange();
  for (let i = start; i < start + count; i++) {
    doc.switchToPage(i);
    doc.page.margins.bottom = 0;
    doc.font('Helvetica').fontSize(8).fillColor('#555');
    doc.text(`${meta.author}  |  ${i - start + 1} / ${count}`, MARGIN, doc.page.height - 40, { width: doc.page.width - 2 * MARGIN, align: 'center' });
    doc.fillColor('#000');
  }
}
