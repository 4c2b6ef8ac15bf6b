import { describe, expect, it } from 'vitest';
import { findDates } from './find-dates.ts';

describe('findDates', () => {
  it.each([
    ['en', 'signed on 12 March 2026 in London', '12 March 2026', '2026-03-12'],
    ['en', 'due March 21, 2026, at noon', 'March 21, 2026', '2026-03-21'],
    ['de', 'Rechnung vom 14. März 2026 über', '14. März 2026', '2026-03-14'],
    ['de', 'bis zum 28.03.2026 zu zahlen', '28.03.2026', '2026-03-28'],
    ['fr', 'la séance du 3 février 2026 est', '3 février 2026', '2026-02-03'],
    ['es', 'el 7 de enero de 2026 a las nueve', '7 de enero de 2026', '2026-01-07'],
    ['it', 'entro il 15 luglio 2026 alle ore', '15 luglio 2026', '2026-07-15'],
    ['ja', '2026年3月12日に締結する', '2026年3月12日', '2026-03-12'],
    ['und', 'id 7; 2026-01-04; paid', '2026-01-04', '2026-01-04'],
  ])('reads a date in %s: "%s"', (language, text, written, iso) => {
    expect(findDates(text, language)).toEqual([{ text: written, iso }]);
  });

  it('leaves a date open that the document does not settle, and settles it by its neighbours', () => {
    expect(findDates('due 03/04/2026', 'en')).toEqual([{ text: '03/04/2026' }]);
    expect(findDates('due 03/04/2026, at last 25/04/2026', 'en').map((date) => date.iso)).toEqual([
      '2026-04-03',
      '2026-04-25',
    ]);
    expect(findDates('due 03/04/2026 or 04/25/2026', 'en').map((date) => date.iso)).toEqual([
      '2026-03-04',
      '2026-04-25',
    ]);
    expect(findDates('le 03/04/2026', 'fr')).toEqual([{ text: '03/04/2026', iso: '2026-04-03' }]);
  });

  it('does not take spans, times or impossible dates for dates', () => {
    expect(findDates('within 30 days, in four hours, during 87 minutes, at 09:42, on 45/77/2026', 'en')).toEqual([]);
    expect(findDates('31.02.2026', 'de')).toEqual([]);
  });

  it('keeps the text of a date without a year and gives it no ISO form', () => {
    expect(findDates('before 20 March we move', 'en')).toEqual([{ text: '20 March' }]);
  });
});
