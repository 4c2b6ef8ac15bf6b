import type { NameType } from './findings.ts';

interface FoundName {
  text: string;
  type: NameType;
}

const CYRILLIC = "\\p{Lu}[\\p{Ll}’'-]+";
/** Endings of patronymics, which no other word has, in every case. */
const PATRONYMIC = '\\p{Lu}\\p{Ll}+(?:[оеє]вич|[оеёиї]вн|[иі]чн|ьич)(?:а|у|ем|ом|ої|е|ы|і|ой|ою)?';
/** Endings of surnames, in the cases in which documents use them. */
const SURNAME =
  '\\p{Lu}\\p{Ll}+(?:[оеё]в|[иы]н|ск(?:ий|ого|ому|им|ая|ой|ую)|цк(?:ий|ого|ому|им|ая|ой|ую)|[оеё]в(?:а|у|ым|ой)|[иы]н(?:а|у|ым|ой)|енко|[уюч]к|ян|дзе|швили)';
const RUSSIAN_PERSON = new RegExp(
  `(?<!\\p{L})(?:${CYRILLIC} ${CYRILLIC} ${PATRONYMIC}|${CYRILLIC} ${PATRONYMIC}(?: ${CYRILLIC})?|${CYRILLIC} \\p{Lu}\\.\\s?\\p{Lu}\\.|\\p{Lu}\\.\\s?\\p{Lu}\\. ${CYRILLIC}|${CYRILLIC} ${SURNAME}(?!\\p{Ll}))`,
  'gu',
);
const RUSSIAN_ORGANIZATION =
  /(?<!\p{L})(?:ООО|ОАО|ПАО|ЗАО|АО|ТОВ|ПрАТ|ПАТ|ФГУП|ГУП|МУП|АНО|НКО)\s+[«"“„][^»"”\n]{2,60}[»"”]/gu;
/** "出席：王建国、李晓梅", "担当：佐藤美咲"; a name has two to four characters, or a space between its two parts. */
const EAST_ASIAN_FIELD =
  /(?:出席者?|参加者|列席|缺席|欠席者?|主持人?|主席|记录人?|記録者?|議長|司会|联系人|聯絡人|担当者?|責任者|负责人|負責人|甲方|乙方|作成者|作者|참석자?|작성자|담당자?)\s*[：:は]\s*([^\n。；;]{2,120})/gu;
const EAST_ASIAN_NAME =
  /^(?:\p{Script=Han}{2,4}|\p{Script=Han}{1,3}[ \u3000]\p{Script=Han}{1,3}|\p{Script=Hangul}{2,4})$/u;
const COURTESY = /(?:さん|様|氏|先生|女士|씨|님|[(（].*)$/u;

/**
 * Names in scripts for which there is no list of first names: Russian and Ukrainian people by patronymic, initials or
 * surname, companies by their legal form, Chinese, Japanese and Korean people by the field that lists them.
 */
export function findNamesOfOtherScripts(text: string): FoundName[] {
  const names: FoundName[] = [];
  if (/\p{Script=Cyrillic}/u.test(text)) {
    const organizations = text.match(RUSSIAN_ORGANIZATION) ?? [];
    const rest = text.replace(RUSSIAN_ORGANIZATION, '∎');
    names.push(...organizations.map((name): FoundName => ({ text: name.replace(/\s+/gu, ' '), type: 'organization' })));
    for (const match of rest.matchAll(RUSSIAN_PERSON)) {
      if (/\p{Script=Cyrillic}/u.test(match[0])) names.push({ text: match[0], type: 'person' });
    }
  }
  for (const match of text.matchAll(EAST_ASIAN_FIELD)) {
    for (const part of (match[1] ?? '').split(/[、，,]/u)) {
      const name = part.trim().replace(COURTESY, '');
      if (EAST_ASIAN_NAME.test(name)) names.push({ text: name, type: 'person' });
    }
  }
  return names;
}
