import PDFDocument from 'pdfkit';

/** Letters as strokes on a grid of 4 x 6: [x1, y1, x2, y2, ...] polylines separated by null. */
const STROKES = {
  A: [0, 6, 2, 0, 4, 6, null, 1, 4, 3, 4], B: [0, 0, 0, 6, 3, 6, 4, 5, 3, 3, 0, 3, null, 3, 3, 4, 1, 3, 0, 0, 0], C: [4, 1, 3, 0, 1, 0, 0, 1, 0, 5, 1, 6, 3, 6, 4, 5],
  D: [0, 0, 0, 6, 3, 6, 4, 4, 4, 2, 3, 0, 0, 0], E: [4, 0, 0, 0, 0, 6, 4, 6, null, 0, 3, 3, 3], G: [4, 1, 3, 0, 1, 0, 0, 1, 0, 5, 1, 6, 4, 6, 4, 3, 2, 3],
  H: [0, 0, 0, 6, null, 4, 0, 4, 6, null, 0, 3, 4, 3], I: [2, 0, 2, 6], K: [0, 0, 0, 6, null, 4, 0, 0, 3, 4, 6], L: [0, 0, 0, 6, 4, 6], M: [0, 6, 0, 0, 2, 3, 4, 0, 4, 6],
  N: [0, 6, 0, 0, 4, 6, 4, 0], O: [1, 0, 3, 0, 4, 1, 4, 5, 3, 6, 1, 6, 0, 5, 0, 1, 1, 0], P: [0, 6, 0, 0, 3, 0, 4, 1, 3, 3, 0, 3], R: [0, 6, 0, 0, 3, 0, 4, 1, 3, 3, 0, 3, null, 2, 3, 4, 6],
  S: [4, 1, 3, 0, 1, 0, 0, 1, 1, 3, 3, 3, 4, 5, 3, 6, 1, 6, 0, 5], T: [0, 0, 4, 0, null, 2, 0, 2, 6], V: [0, 0, 2, 6, 4, 0], X: [0, 0, 4, 6, null, 4, 0, 0, 6], Y: [0, 0, 2, 3, 4, 0, null, 2, 3, 2, 6],
  0: [1, 0, 3, 0, 4, 2, 4, 4, 3, 6, 1, 6, 0, 4, 0, 2, 1, 0], 1: [1, 1, 2, 0, 2, 6], 2: [0, 1, 1, 0, 3, 0, 4, 1, 0, 6, 4, 6], 3: [0, 0, 4, 0, 2, 2, 4, 4, 3, 6, 0, 6], 4: [3, 6, 3, 0, 0, 4, 4, 4],
  5: [4, 0, 0, 0, 0, 3, 3, 3, 4, 4, 3, 6, 0, 6], 6: [3, 0, 0, 3, 0, 5, 1, 6, 3, 6, 4, 5, 3, 3, 0, 3], 8: [1, 3, 0, 1, 1, 0, 3, 0, 4, 1, 3, 3, 1, 3, 0, 5, 1, 6, 3, 6, 4, 5, 3, 3], '.': [2, 6, 2, 5.5],
};

/** Draws lines of text as strokes, slightly askew: a person can read them, but there is no text in the file. */
export function renderScan(lines, created) {
  const doc = new PDFDocument({ size: 'A4', margin: 0, info: { CreationDate: new Date(created), Producer: 'Flatbed 300' } });
  const chunks = [];
  doc.on('data', (chunk) => chunks.push(chunk));
  const done = new Promise((resolve) => doc.on('end', () => resolve(Buffer.concat(chunks))));
  doc.rect(0, 0, doc.page.width, doc.page.height).fill('#f4f1e8');
  doc.rotate(0.7).lineWidth(1.4).lineCap('round').strokeColor('#2b2b33');
  lines.forEach((line, row) => {
    [...line].forEach((letter, column) => drawLetter(doc, STROKES[letter] ?? [], 70 + column * 14, 90 + row * 38));
  });
  doc.end();
  return done;
}

function drawLetter(doc, strokes, left, top) {
  let isNew = true;
  for (let i = 0; i < strokes.length; i += strokes[i] === null ? 1 : 2) {
    if (strokes[i] === null) {
      isNew = true;
      continue;
    }
    const point = [left + strokes[i] * 2.4, top + strokes[i + 1] * 2.6];
    if (isNew) doc.moveTo(...point);
    else doc.lineTo(...point);
    isNew = false;
  }
  doc.stroke();
}
