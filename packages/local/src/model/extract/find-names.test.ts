import { describe, expect, it } from 'vitest';
import { findNames, foldShortForms } from './find-names.ts';

const read = (text: string, language: string) =>
  findNames(text, language).map(({ text: name, type }) => `${name} (${type})`);

describe('findNames', () => {
  it('finds English people, companies and places, long forms once', () => {
    const text =
      'Ada Lovelace of Hartmann & Partner GmbH met John O’Neil, director of Northwind Traders Ltd., in Berlin. Lovelace signed for Hartmann & Partner.';
    const names = read(text, 'en');
    expect(names).toEqual(
      expect.arrayContaining(['Ada Lovelace (person)', 'Hartmann & Partner GmbH (organization)', 'Berlin (place)']),
    );
    expect(names.filter((name) => name.includes('Hartmann'))).toHaveLength(1);
  });

  it.each([
    [
      'de',
      'Frau Katharina Lehmann von der Stadtwerke Freiburg AG wohnt in 79098 Freiburg.',
      ['Katharina Lehmann (person)', 'Stadtwerke Freiburg AG (organization)', 'Freiburg (place)'],
    ],
    [
      'fr',
      'Mme Claire Fontaine dirige la société Lumière Énergie SAS à Lyon, en Belgique.',
      ['Claire Fontaine (person)', 'Lumière Énergie SAS (organization)', 'Lyon (place)', 'Belgique (place)'],
    ],
    [
      'es',
      'Responsable: Lucía Fernández\nRedes del Sur S.L. trabaja en Madrid.',
      ['Lucía Fernández (person)', 'Redes del Sur S.L. (organization)', 'Madrid (place)'],
    ],
    [
      'it',
      'Giuseppe Conti della Meccanica Alpina S.p.A. scrive a Torino.',
      ['Giuseppe Conti (person)', 'Meccanica Alpina S.p.A. (organization)'],
    ],
    ['ja', '株式会社山田商事は契約する。', ['株式会社山田商事 (organization)']],
  ])('finds names in %s', (language, text, names) => {
    expect(read(text, language)).toEqual(expect.arrayContaining(names));
  });

  it('finds the people a field lists, whatever their names', () => {
    expect(read('Attendees: Priya Sharma, Nguyen Van An (chair), Kenji Tanaka', 'en')).toEqual(
      expect.arrayContaining(['Priya Sharma (person)', 'Kenji Tanaka (person)']),
    );
  });

  it('does not take headings and defined terms for names', () => {
    expect(read('SERVICE AGREEMENT\nThe Client and the Provider agree to this Agreement on Monday.', 'en')).toEqual([]);
  });
});

describe('foldShortForms', () => {
  it('adds the mentions of a short form to the long one', () => {
    const names = [
      { text: 'Lovelace', type: 'person' as const, count: 3 },
      { text: 'Ada Lovelace', type: 'person' as const, count: 1 },
    ];
    expect(foldShortForms(names)).toEqual([{ text: 'Ada Lovelace', type: 'person', count: 4 }]);
  });
});
