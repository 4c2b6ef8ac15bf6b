import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DocumentError } from './document-error.ts';
import type { DocumentPages } from './document-pages.ts';
import { readDocumentPages } from './read-document-pages.ts';

const FOLDER = fileURLToPath(new URL('../../../../examples/documents/', import.meta.url));

interface Expected {
  kind: DocumentPages['kind'];
  title: string | undefined;
  /** Fewest and most pages. */
  pages: [number, number];
  /** Text that must be there as it is, with its accents and amounts. */
  contains: string[];
}

const READABLE: Record<string, Expected> = {
  'contract-wind-farm-maintenance.pdf': {
    kind: 'pdf',
    title: 'Maintenance Services Agreement',
    pages: [4, 6],
    contains: ['GBP 61,500 per turbine and contract year', 'Gearbox exchange   GBP 38,400   6 days', 'Henrik Solvang'],
  },
  'rechnung-metallbau.pdf': {
    kind: 'pdf',
    title: 'Rechnung RE-2026-0418',
    pages: [2, 2],
    contains: ['Zu zahlen   39.253,97 €', 'Grundschule am Mühlbach berechnen wir Ihnen vereinbarungsgemäß'],
  },
  'factura-aceite.pdf': {
    kind: 'pdf',
    title: 'Factura F-2026/1187',
    pages: [1, 2],
    contains: ['Total factura: 25.286,80 €', 'Peal de Becerro (Jaén)'],
  },
  'lettre-resiliation.pdf': {
    kind: 'pdf',
    title: 'Résiliation du contrat de location de photocopieurs',
    pages: [1, 2],
    contains: ['le 13 mai 2026. Le préavis de trois mois est respecté.', '• restituer le dépôt de garantie'],
  },
  'bridge-inspection-report.pdf': {
    kind: 'pdf',
    title: 'Principal Inspection of Marlow Weir Footbridge',
    pages: [2, 3],
    contains: [
      'All parts were examined within touching distance, from a floating platform',
      'three spans of 11.4, 16.8 and 11.4 metres',
    ],
  },
  'mietvertrag-lagerhalle.docx': {
    kind: 'docx',
    title: 'Gewerbemietvertrag',
    pages: [1, 3],
    contains: ['| Halle 1.080 m² zu 6,40 € | 6.912,00 € |', '# § 3 Mietzeit', '„Vermieterin“'],
  },
  'rapport-incident-chambre-froide.docx': {
    kind: 'docx',
    title: "Rapport d'incident : rupture de la chaîne du froid, chambre CF-3",
    pages: [1, 2],
    contains: ['| 3 h 52 |', '- Réglage du relais en réarmement automatique'],
  },
  'acta-cooperativa.docx': {
    kind: 'docx',
    title: 'Acta de la reunión del consejo rector',
    pages: [1, 2],
    contains: ['3. Rehabilitación de la fachada norte', '| Lumbre Cooperativa | 55.300 € | 8 semanas | 15 años |'],
  },
  'incident-report-checkout-outage.md': {
    kind: 'markdown',
    title: 'Incident report: checkout unavailable for 74 minutes',
    pages: [1, 3],
    contains: ['| Failed checkout attempts | 2,861 |'],
  },
  'protokoll-projektgruppe.md': {
    kind: 'markdown',
    title: 'Protokoll der 11. Sitzung der Projektgruppe „Neuer Wertstoffhof Süd“',
    pages: [1, 2],
    contains: ['| Summe | 3.610.000 € | 3.693.000 € |'],
  },
  'handbook-cold-store-operations.md': {
    kind: 'markdown',
    title: 'Operations Handbook, Chapter 7: Plant and Equipment',
    pages: [30, 70],
    contains: ['legionella', 'Annex C: Extracts from the shift log'],
  },
  'newsletter-harbour-library.html': {
    kind: 'html',
    title: 'Harbour Library News, March 2026',
    pages: [1, 2],
    contains: [
      '£212,000',
      '| Saturday, 18 April, 11:00 | Shanty workshop with the Quayside Singers | Fish market | 150 |',
      '- From 2 May',
    ],
  },
  'compte-rendu-conseil-ecole.html': {
    kind: 'html',
    title: "Compte rendu du conseil d'école du 5 février 2026",
    pages: [1, 2],
    contains: ['3,60 € à 3,75 €', '| Abri à vélos de 24 places | mai 2026 | 7 600 € |'],
  },
  'email-thread-hall-roof.eml': {
    kind: 'email',
    title: 'Re: Re: Quotation for the hall roof – accepted',
    pages: [1, 2],
    contains: [
      'From: Rosalind Peverell <r.peverell@stcuthmanshall.example>',
      '>> Dear Gwen,',
      '| Skip and disposal | 2 | piece |',
    ],
  },
  'email-reklamation-flaschen.eml': {
    kind: 'email',
    title: 'Reklamation Lieferung LS-44718 und Nachlieferung für April',
    pages: [1, 1],
    contains: [
      'From: Jörg Wüstenhagen',
      '- Palette 7 und Palette 12: Folie gerissen',
      '1.518 Flaschen zu 0,41 €, also 622,38 € netto',
      '| Schlegel 0,75 l braun | 6.000 |',
    ],
  },
  'orders-2026-q1.csv': {
    kind: 'csv',
    title: undefined,
    pages: [4, 8],
    contains: [
      'Table: 260 rows x 10 columns (semicolon separated). Rows 1 to',
      '| R. Whitlock; Sons |',
      '| SO-260260 |',
    ],
  },
};

const REFUSED: Record<string, DocumentError['code']> = {
  'scanned-delivery-note.pdf': 'document_no_text_layer',
  'damaged-annual-report.pdf': 'document_damaged',
  'encrypted-pay-review.pdf': 'document_encrypted',
  'empty-meeting-notes.txt': 'document_empty',
};

describe('readDocumentPages', () => {
  it('has an expectation for every example document', async () => {
    expect((await readdir(FOLDER)).sort()).toEqual([...Object.keys(READABLE), ...Object.keys(REFUSED)].sort());
  });

  it.each(Object.entries(READABLE))('reads %s', async (name, expected) => {
    const document = await readDocumentPages(`${FOLDER}${name}`);
    expect(document).toMatchObject({ kind: expected.kind, warnings: [] });
    expect(document.title).toBe(expected.title);
    expect(document.pages.length).toBeGreaterThanOrEqual(expected.pages[0]);
    expect(document.pages.length).toBeLessThanOrEqual(expected.pages[1]);
    const text = document.pages.join('\n');
    for (const part of expected.contains) expect(text).toContain(part);
  });

  it.each(Object.entries(REFUSED))('refuses %s with a message for a person', async (name, code) => {
    const error = await readDocumentPages(`${FOLDER}${name}`).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DocumentError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(/^This .{20,}\.$/u) });
  });

  it('reads bytes whatever they are named, and says so', async () => {
    const bytes = await readFile(`${FOLDER}lettre-resiliation.pdf`);
    const document = await readDocumentPages(bytes, { name: 'letter.html', mediaType: 'text/html' });
    expect(document).toMatchObject({
      kind: 'pdf',
      mediaType: 'application/pdf',
      warnings: [expect.stringContaining('.html')],
    });
  });

  it('drops navigation, scripts and hidden text of a web page', async () => {
    const { pages } = await readDocumentPages(`${FOLDER}newsletter-harbour-library.html`);
    expect(pages.join()).not.toMatch(/cookie|visits|analytics|Budget code|My account/iu);
  });

  it('repeats the header row on every page of a table', async () => {
    const { pages } = await readDocumentPages(`${FOLDER}orders-2026-q1.csv`);
    for (const page of pages) expect(page).toContain('| order_id | date | customer |');
  });

  it('keeps to its limits of bytes and pages', async () => {
    const path = `${FOLDER}handbook-cold-store-operations.md`;
    await expect(readDocumentPages(path, {}, { maxBytes: 1000 })).rejects.toMatchObject({ code: 'document_too_large' });
    const short = await readDocumentPages(path, {}, { maxPages: 3 });
    expect(short).toMatchObject({ pages: { length: 3 }, warnings: ['Only the first 3 pages were kept.'] });
    const pdf = await readDocumentPages(
      `${FOLDER}contract-wind-farm-maintenance.pdf`,
      {},
      { maxPages: 2, maxCharsPerPage: 2000 },
    );
    expect(pdf.pages).toHaveLength(2);
    expect(pdf.warnings[0]).toMatch(/^Only the first 2 of \d pages were read/);
  });

  it('refuses what is not a file and passes on the error of a missing one', async () => {
    await expect(readDocumentPages(FOLDER)).rejects.toMatchObject({ code: 'document_unsupported' });
    await expect(readDocumentPages(`${FOLDER}missing.pdf`)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
