import { AlignmentType, Document, HeadingLevel, LevelFormat, Packer, Paragraph, Table, TableCell, TableRow, TextRun, WidthType } from 'docx';

const HEADINGS = { 1: HeadingLevel.TITLE, 2: HeadingLevel.HEADING_1, 3: HeadingLevel.HEADING_2 };

/** Lays blocks (see read-source.mjs) out as a Word document and returns its bytes. */
export function renderDocx({ meta, blocks }) {
  const document = new Document({
    title: meta.title,
    subject: meta.subject,
    creator: meta.author,
    lastModifiedBy: meta.author,
    numbering: {
      config: [
        { reference: 'ordered', levels: [{ level: 0, format: LevelFormat.DECIMAL, text: '%1.', alignment: AlignmentType.START }] },
      ],
    },
    sections: [{ children: blocks.flatMap(toChildren) }],
  });
  return Packer.toBuffer(document);
}

function toChildren(block) {
  switch (block.type) {
    case 'heading':
      return [new Paragraph({ text: block.text, heading: HEADINGS[block.level] })];
    case 'paragraph':
      return [new Paragraph({ children: toRuns(block.text), spacing: { after: 160 } })];
    case 'list':
      return block.items.map(
        (item) =>
          new Paragraph({
            children: toRuns(item),
            ...(block.isOrdered ? { numbering: { reference: 'ordered', level: 0 } } : { bullet: { level: 0 } }),
          }),
      );
    case 'table':
      return [toTable(block.rows), new Paragraph({ text: '' })];
    default:
      throw new Error(`unknown block ${block.type}`);
  }
}

function toTable(rows) {
  return new Table({
    width: { size: 100, type: WidthType.PERCENTAGE },
    rows: rows.map(
      (row, i) =>
        new TableRow({
          tableHeader: i === 0,
          children: row.map((cell) => new TableCell({ children: [new Paragraph({ children: [new TextRun({ text: cell, bold: i === 0 })] })] })),
        }),
    ),
  });
}

/** Text with **bold** parts. */
function toRuns(text) {
  return text.split('**').map((part, i) => new TextRun({ text: part, bold: i % 2 === 1 }));
}
