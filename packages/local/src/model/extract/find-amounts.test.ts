import { describe, expect, it } from 'vitest';
import { findAmounts } from './find-amounts.ts';

const read = (text: string) =>
  findAmounts(text).map(({ text: written, value, currency }) => [written, value, currency]);

describe('findAmounts', () => {
  it.each([
    ['zahlt 1.234,56 € bis', '1.234,56 €', 1234.56, 'EUR'],
    ['a fee of $1,200.00 per month', '$1,200.00', 1200, 'USD'],
    ["kostet CHF 12'000 im Jahr", "CHF 12'000", 12_000, 'CHF'],
    ['EUR 5 000 sont dus', 'EUR 5 000', 5_000, 'EUR'],
    ['un montant de 3,2 millions d’euros', '3,2 millions d’euros', 3_200_000, 'EUR'],
    ['raised £3.5m last year', '£3.5m', 3_500_000, 'GBP'],
    ['rund 5 Mio. € Umsatz', '5 Mio. €', 5_000_000, 'EUR'],
    ['一月500,000円とする', '500,000円', 500_000, 'JPY'],
    ['a credit of -45.00 EUR', '-45.00 EUR', -45, 'EUR'],
    ['US$ 20 in cash', 'US$ 20', 20, 'USD'],
  ])('reads "%s"', (text, written, value, currency) => {
    expect(read(text)).toEqual([[written, value, currency]]);
  });

  it('puts the total before larger and smaller items and names each amount once', () => {
    const text = 'Deposit paid: 900,00 €\nItem: 45,00 €\nItem: 45,00 €\nGesamtbetrag: 147,00 €';
    expect(read(text).map(([written]) => written)).toEqual(['147,00 €', '900,00 €', '45,00 €']);
  });

  it.each(['version 1.2.3 of 2026', '42 minutes, 7 %', 'ALL 50 TOP 10', 'call 030 1234567'])(
    'finds none in "%s"',
    (text) => {
      expect(read(text)).toEqual([]);
    },
  );
});
