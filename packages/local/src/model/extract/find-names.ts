import { findEnglishNames } from './find-english-names.ts';
import { findNamesOfOtherScripts } from './find-names-of-other-scripts.ts';
import type { NameFact, NameType } from './findings.ts';
import { isFirstName, isPlace } from './name-lexicon.ts';

const MAX_NAMES = 60;
const CAP = "\\p{Lu}[\\p{L}\\p{M}'’-]*\\p{L}";
/** A capitalised word of a name, or an initial. */
const NAME_WORD = `(?:${CAP}|\\p{Lu}\\.)`;
const PARTICLE = '(?:von|van|de|der|den|del|della|di|da|dos|du|la|le|zu|zur|bin|al)';
const PERSON_NAME = `${NAME_WORD}(?:[ -](?:${PARTICLE} )*${NAME_WORD}){0,3}`;
const HONORIFIC =
  '(?:Herrn?|Frau|Dr\\.|Prof\\.(?: Dr\\.)?|Mr\\.?|Mrs\\.?|Ms\\.?|Mx\\.?|M\\.|Mme|Mlle|Monsieur|Madame|Maître|Me|Sr\\.|Sra\\.|Don|Doña|Sig\\.|Sig\\.ra|Dott\\.(?:ssa)?|Avv\\.|Ing\\.|Señor|Señora|Signora?)';
const HONORED = new RegExp(`(?<![\\p{L}])${HONORIFIC} (?:${HONORIFIC} )?(${PERSON_NAME})`, 'gu');
const INTRODUCED = new RegExp(
  `(?<![\\p{L}])(?:vertreten durch|represented by|représentée? par|representad[oa] por|rappresentat[oa] da|signed by|gezeichnet|unterzeichnet von)(?: (?:its|ihren?|den|die|son|sa|su|il|la))?(?: \\p{L}+,?){0,3}? (?:${HONORIFIC} )*(${CAP} ${PERSON_NAME})`,
  'gu',
);
const LEGAL_FORM =
  '(?:GmbH(?: & Co\\. KG)?|gGmbH|AG|SE|KGaA|KG|OHG|UG|e\\.\\s?V\\.|eG|S\\.\\s?A\\.\\s?S\\.|S\\.\\s?A\\.\\s?R\\.\\s?L\\.|S\\.\\s?A\\.|SAS|SARL|SASU|S\\.\\s?p\\.\\s?A\\.|SpA|S\\.\\s?r\\.\\s?l\\.|Srl|S\\.\\s?L\\.(?:\\s?U\\.)?|Ltd\\.?|Limited|LLC|LLP|Inc\\.?|Corp\\.?|Corporation|PLC|plc|B\\.?V\\.|N\\.?V\\.|Oy|AB|ASA|AS|ApS|A\\/S|Pty Ltd|K\\.K\\.|Sp\\. z o\\.o\\.)';
const ORGANIZATION = new RegExp(
  `(?<![\\p{L}\\d])((?:${NAME_WORD}|\\d{1,3}|[A-Z]{2,})(?:(?: & | und | et | y | e | and |[ -])(?:(?:${PARTICLE}|for|of|für) ){0,2}(?:${NAME_WORD}|[A-Z]{2,}|\\d{1,3})){0,5},? ${LEGAL_FORM})(?![\\p{L}])`,
  'gu',
);
const SCHOOL = new RegExp(
  `(?<![\\p{L}])(?:(?:University|Institute|Université|Universität|Universidad|Università|Universidade|Institut|Ministry|Ministère|Bundesamt|Federal Office)(?: (?:of|de|di|du|für|for|degli Studi di|des|of the))? ${CAP}(?: ${CAP}){0,2}|${CAP}(?: ${CAP}){0,2} (?:University|Institute|Foundation|Stiftung|Council|Bank|Hospital))(?![\\p{L}])`,
  'gu',
);
/** Fields that list people: "Attendees: Priya Sharma, Tom Becker (chair)". */
const PEOPLE_FIELD =
  /^(?:attendees|present|apologies|absent|participants|authors?|chair(?:person)?|prepared by|owner|contact|reporter|name|from|to|cc|teilnehm\p{L}*|anwesend\p{L}*|entschuldigt|verfasser\p{L}*|autor\p{L}*|ansprechpartner\p{L}*|protokoll\p{L}*|leitung|présent\p{L}*|excusé\p{L}*|absents|auteur\p{L}*|participants|rédact\p{L}*|asistentes|ausentes|responsable|presenti|assenti|autore|responsabile|von|an|de|para|da|à|a)\s?:\s*(.+)$/gimu;
const CJK_ORGANIZATION =
  /(?:株式会社|有限会社)[\p{Script=Han}\p{Script=Katakana}ー]{1,12}|[\p{Script=Han}\p{Script=Katakana}ー]{2,12}(?:株式会社|有限公司|公司|大学)/gu;
const CAPITALISED = new RegExp(`(?<![\\p{L}.])(${CAP}(?: (?:${PARTICLE} )?${CAP}){1,2})(?![\\p{L}])`, 'gu');
const LOCATED =
  /(?<![\p{L}])(?:in|aus|nach|bei|at|from|to|à|en|de|desde|a|da|di|te|em|near|of)\s+((?:San |Santa |Saint-|Sankt |Bad |New |Los |Las |La |Le )?\p{Lu}[\p{L}\p{M}-]+(?: (?:am|an der|sur|de|del|upon) \p{Lu}?[\p{L}-]+)?)/gu;
const POSTAL =
  /(?<![\p{L}\d-])(?:[A-Z]{1,2}-)?(?:\d{5}|(?!19|20)\d{4}) (\p{Lu}[\p{L}\p{M}-]{2,}(?: (?:am|an der|sur|de|del|la|le) \p{L}+)?)(?![\p{L}])/gu;
const MAILBOX = /([\p{Lu}][\p{L}\p{M}.'’ -]{2,40}?)\s*<[^<>\s@]+@[^<>\s@]+>/gu;

const MAILBOX_NAME = new RegExp(`^${PERSON_NAME}$`, 'u');

function clean(name: string): string {
  return name
    .replace(/\s+/gu, ' ')
    .replace(/^["'“„«(]+|["'”“),;:]+$|(?<!«[^»]*)»$/gu, '')
    .trim();
}

function isShouted(name: string): boolean {
  return name.length > 6 && name === name.toUpperCase() && name !== name.toLowerCase();
}

/** "Ada Lovelace of Hartmann GmbH" is a person and a company, "Redes del Sur S.L." is one company. */
function splitOffPerson(name: string): [string, string?] {
  const parts =
    /^(.+?) (?:of|for|at|von(?: der| dem)?|für|bei|de(?: la)?|du|del(?:la)?|da|di|y|e|et|und|and) (.+)$/u.exec(name);
  const person = parts?.[1]?.replace(new RegExp(`^(?:${HONORIFIC} )+`, 'u'), '') ?? '';
  const titled = parts?.[1] !== undefined && person !== parts[1];
  if (parts?.[2] === undefined || !(titled || (/ /u.test(person) && isFirstName(person.split(' ')[0] ?? ''))))
    return [name];
  return [parts[2], person];
}

/** Names by their marks: legal forms, titles, postal codes, mailboxes; and by first names the lexicon knows. */
function findMarkedNames(text: string, language: string, add: (name: string, type: NameType) => void): void {
  // What is part of a company's name is not looked at again, or "Lehmann von der Stadtwerke" becomes a person.
  let rest = text;
  for (const match of text.matchAll(ORGANIZATION)) {
    const [name, person] = splitOffPerson(match[1] ?? '');
    if (/ (?:AS|AB|SE|AG|KG)$/u.test(name) && !/\p{Ll}/u.test(name)) continue;
    add(name, 'organization');
    rest = rest.replaceAll(name, '∎');
    if (person !== undefined) add(person, 'person');
  }
  for (const match of text.matchAll(SCHOOL)) add(match[0], 'organization');
  for (const match of text.matchAll(PEOPLE_FIELD)) {
    for (const part of (match[1] ?? '').split(/[,;]| und | and | et | y | e /u)) {
      const person = part
        .replace(/\(.*|<.*/u, '')
        .replace(new RegExp(`^\\s*(?:${HONORIFIC} )*`, 'u'), '')
        .trim();
      if (
        new RegExp(`^${CAP}(?: (?:${PARTICLE} )*${NAME_WORD}){1,2}$`, 'u').test(person) &&
        !new RegExp(LEGAL_FORM, 'u').test(person)
      )
        add(person, 'person');
    }
  }
  for (const match of text.matchAll(CJK_ORGANIZATION)) add(match[0], 'organization');
  for (const match of rest.matchAll(HONORED)) add(match[1] ?? '', 'person');
  for (const match of rest.matchAll(INTRODUCED)) add(match[1] ?? '', 'person');
  for (const match of text.matchAll(MAILBOX)) {
    const name = (match[1] ?? '').replace(/^(?:From|To|Cc|Von|An|De|À|Para|Da|A)\s*:?\s+/u, '');
    if (MAILBOX_NAME.test(name)) add(name, 'person');
  }
  for (const match of rest.matchAll(CAPITALISED)) {
    const words = (match[1] ?? '').split(' ');
    const last = words[words.length - 1] ?? '';
    if (isFirstName(words[0] ?? '') && !isPlace(match[1] ?? '', language) && !isPlace(last, language))
      add(match[1] ?? '', 'person');
  }
  for (const match of text.matchAll(LOCATED)) if (isPlace(match[1] ?? '', language)) add(match[1] ?? '', 'place');
  for (const match of text.matchAll(POSTAL)) if (!/^\d0+ /u.test(match[0])) add(match[1] ?? '', 'place');
  for (const match of text.matchAll(new RegExp(`(?<![\\p{L}])${CAP}(?![\\p{L}])`, 'gu')))
    if (match[0].length > 3 && language !== 'en' && isPlace(match[0], language) && !isFirstName(match[0]))
      add(match[0], 'place');
}

/** People, organizations and places, most mentioned first. A short form is counted with its long form. */
export function findNames(text: string, language: string): NameFact[] {
  const found = new Map<string, NameFact>();
  const add = (raw: string, type: NameType) => {
    const name = clean(raw);
    if (
      name.length < (/\p{Script=Han}|\p{Script=Hangul}/u.test(name) ? 2 : 3) ||
      name.length > 80 ||
      /[;|<>{}=]/u.test(name) ||
      (type !== 'organization' && (isShouted(name) || /\d/u.test(name)))
    )
      return;
    const known = found.get(name);
    if (known === undefined) found.set(name, { text: name, type, count: 1 });
    else known.count += 1;
  };
  findMarkedNames(text, language, add);
  for (const { text: name, type } of findNamesOfOtherScripts(text)) add(name, type);
  if (language === 'en' || language === 'und') {
    for (const { text: name, type } of findEnglishNames(text)) if (!found.has(clean(name))) add(name, type);
  }
  return foldShortForms([...found.values()]).slice(0, MAX_NAMES);
}

/** Adds "Lovelace" to "Ada Lovelace" and "Hartmann" to "Hartmann & Partner GmbH"; sorts by mentions. */
export function foldShortForms(names: readonly NameFact[]): NameFact[] {
  const longestFirst = [...names].sort((a, b) => b.text.length - a.text.length);
  const kept: NameFact[] = [];
  for (const name of longestFirst) {
    const padded = ` ${name.text.toLowerCase().replace(/[.,]/gu, '')} `;
    const long = kept.find(
      (other) =>
        ` ${other.text.toLowerCase().replace(/[.,]/gu, '')} `.includes(padded) &&
        (other.type === name.type || (other.type === 'organization' && name.type !== 'place')),
    );
    if (long === undefined) kept.push({ ...name });
    else long.count += name.count;
  }
  return kept.sort(
    (a, b) =>
      b.count - a.count || names.findIndex((n) => n.text === a.text) - names.findIndex((n) => n.text === b.text),
  );
}
