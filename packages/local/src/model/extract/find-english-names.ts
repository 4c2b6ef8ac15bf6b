import nlp from 'compromise';
import type { NameType } from './findings.ts';
import { isFirstName, isPlace } from './name-lexicon.ts';

/** compromise takes about 12 ms per 1,000 characters; the start of a page holds most of its names. */
const MAX_CHARS = 8_000;

/** Capitalised words that begin headings and defined terms, which a tagger takes for names. */
const NOT_A_NAME =
  /\b(?:Agreement|Section|Article|Clause|Chapter|Table|Figure|Page|Appendix|Annex|Exhibit|Schedule|Party|Parties|Client|Customer|Supplier|Provider|Contractor|Employee|Employer|Tenant|Landlord|Services?|Effective|Date|Term|Invoice|Total|Subtotal|Tax|VAT|Amount|Payment|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|March|April|June|July|August|September|October|November|December|Minutes|Report|Incident|Subject|Confidential|Agenda|Action|Item|Items|Next|Regards|Dear|Email|Phone|Fax|Notes?|Introduction|Conclusion|Abstract|References|Summary|Overview|Background|Policy|Handbook|Manual)\b/u;

function readList(view: { out(format: 'array'): unknown }): string[] {
  const list = view.out('array');
  return Array.isArray(list) ? list.filter((item): item is string => typeof item === 'string') : [];
}

function tidy(name: string): string {
  return name
    .replace(/['’]s?$/u, '')
    .replace(/^(?:the|The|a|our|their|its|Dear|Hi|Hello)\s+/u, '')
    .replace(/^[^\p{L}\d]+|[^\p{L}\d.)]+$/gu, '')
    .replace(/(?<!\b(?:Inc|Ltd|Co|Corp|Jr|Sr|[A-Z]))\.$/u, '');
}

function isCapitalised(name: string): boolean {
  return name.split(/\s+/u).every((word) => /^(?:[\p{Lu}\d&(]|of$|and$|de$|van$|von$|der$|the$|for$)/u.test(word));
}

/** Names by compromise's tagger, cleaned: it is generous, and every wrong name costs trust in the right ones. */
export function findEnglishNames(text: string): { text: string; type: NameType }[] {
  const names: { text: string; type: NameType }[] = [];
  const add = (raw: string, type: NameType) => {
    const name = tidy(raw);
    if (name.length < 3 || /[\n(]/u.test(name) || !isCapitalised(name) || NOT_A_NAME.test(name)) return;
    names.push({ text: name, type });
  };
  for (const paragraph of text.slice(0, MAX_CHARS).split('\n')) {
    if (!/\p{Lu}\p{Ll}/u.test(paragraph)) continue;
    const doc = nlp(paragraph);
    for (const person of readList(doc.people())) {
      const words = tidy(person).split(/\s+/u);
      if (words.length >= 2 && words.length <= 4 && isFirstName(words[0] ?? '')) add(person, 'person');
    }
    for (const organization of readList(doc.organizations())) {
      if (tidy(organization).split(/\s+/u).length >= 2 || /^[A-Z]{2,6}$/u.test(tidy(organization)))
        add(organization, 'organization');
    }
    for (const place of readList(doc.places())) {
      for (const part of place.split(/,\s*/u)) if (isPlace(tidy(part), 'en')) add(part, 'place');
    }
  }
  return names;
}
