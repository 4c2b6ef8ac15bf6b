import { describe, expect, it } from 'vitest';
import { findDates } from './find-dates.ts';

describe('findMonthDates', () => {
  it.each([
    ['pl', 'Zebranie odbyło się 14 maja 2025 r. w Krakowie.', '2025-05-14'],
    ['el', 'Θεσσαλονίκη, 3 Φεβρουαρίου 2025.', '2025-02-03'],
    ['he', 'התקנון נכנס לתוקף ביום 1 בינואר 2026.', '2026-01-01'],
    ['cs', 'Praha 5. října 2024', '2024-10-05'],
    ['tr', 'Tarih: 9 Ağustos 2023', '2023-08-09'],
    ['da', 'Aarhus, 2. januar 2026', '2026-01-02'],
    ['ro', 'București, 17 iulie 2022', '2022-07-17'],
  ])('reads a date in %s: %s', (language, text, iso) => {
    expect(findDates(text, language).map((date) => date.iso)).toEqual([iso]);
  });

  it('finds nothing when the number after the month is no year', () => {
    expect(findDates('W maju 12 osób kupiło 20259 sztuk, maja 99.', 'pl')).toEqual([]);
  });
});

describe('findDates', () => {
  it('reads the digits of the document and quotes them as they are', () => {
    expect(findDates('بتاريخ ١٥ مارس ٢٠٢٥', 'ar')).toEqual([{ text: '١٥ مارس ٢٠٢٥', iso: '2025-03-15' }]);
  });

  it('takes no version number for a date', () => {
    expect(findDates('Patch 7.3.1269 fixes it.', 'en')).toEqual([]);
  });
});
