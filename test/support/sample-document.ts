/** A short document with facts in it, and as many pages as asked for (about 6,000 characters each). */
export function createSampleDocument(pages = 1): string {
  const head = `# Service Agreement

between Northwind Logistics Ltd, Bristol, and Ada Marlowe, dated 12 March 2026.

The supplier delivers the monthly transport reports by the fifth working day. The fee is 4,500.00 EUR per month, payable within 30 days. Either party may end the agreement with three months' notice to the end of a quarter.
`;
  const filler = Array.from({ length: Math.max(0, pages - 1) }, (_, page) =>
    Array.from(
      { length: 40 },
      (_, line) =>
        `Section ${page + 2}.${line + 1}. The depot in Bristol checks every pallet of series ${page * 40 + line} before loading, and the shift lead signs the sheet.\n`,
    ).join('\n'),
  );
  return [head, ...filler].join('\n\n');
}
