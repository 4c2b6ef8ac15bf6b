import type { AmountFact } from './findings.ts';
import { parseNumber } from './parse-number.ts';
import { toLatinDigits } from './to-latin-digits.ts';

const MAX_AMOUNTS = 40;
const CODES =
  'EUR|USD|GBP|CHF|JPY|CNY|INR|RUB|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|TRY|BRL|MXN|CAD|AUD|NZD|ZAR|SGD|HKD|KRW|AED|SAR|ILS|UAH|ARS|CLP|COP|PEN|BTC';
const SYMBOLS = 'US\\$|CA\\$|C\\$|AU\\$|A\\$|NZ\\$|HK\\$|S\\$|R\\$|\\$|€|£|¥|￥|₹|₽|₩|₺|₴|₪|₫|฿|zł|Kč|Fr\\.|SFr\\.';
const WORDS =
  'euros?|dollars?|US dollars?|pounds?(?: sterling)?|(?:Schweizer )?Franken|francs?(?: suisses?)?|yen|pesos?|rupees?|kroner|kronor|萬円|万円|億円|亿元|万元|円|元|원|руб(?:\\.|лей|ля|ль)?|крон|грн\\.?|гривень|гривні|евро|ευρώ|złot(?:ych|y|e)|korun|forint|Ft|lei|TL|جنيه(?: مصري)?|ريال|درهم|دينار|تومان|שקלים|שקל';
const GROUPED = "\\d{1,3}(?:[.,'’\\u00a0\\u202f\\u2009 ]\\d{3}){1,5}(?:[.,]\\d{1,2})?";
const NUMBER = `(?<![\\p{Script=Latin}\\d.,])(?:${GROUPED}|\\d+(?:[.,]\\d{1,2})?)(?:[.,]?[-–—]{1,2}(?=\\s|$))?(?!\\d)`;
const SCALES =
  'million(?:en|es|s|i)?|millones|millón|milione|Mio\\.?|billions?|milliard(?:en|s)?|Milliarde|mil millones|miliard[io]|Mrd\\.?|bn|thousand|Tsd\\.?|mille|mil|млн\\.?|миллион(?:ов|а)?|мільйон(?:ів|и)?|млрд\\.?|тыс\\.?|тис\\.?|mln|mld|tys\\.|میلیون|میلیارد|مليون|[mkMK](?![\\p{L}])';
const PREFIXED = new RegExp(
  `([-−]\\s?)?(?<![\\p{L}])(${SYMBOLS}|(?:${CODES}))\\s?([-−])?(${NUMBER})(?:\\s?(${SCALES})(?![\\p{L}]))?`,
  'gu',
);
const SUFFIXED = new RegExp(
  `([-−]\\s?)?(${NUMBER})\\s?(?:(${SCALES})\\s?(?:de |d['’]|of )?)?(${SYMBOLS}|(?:${CODES})(?![\\p{L}])|(?:${WORDS})(?![\\p{Script=Latin}]))`,
  'giu',
);

const CURRENCY_OF: Record<string, string> = {
  ...{
    us$: 'USD',
    $: 'USD',
    ca$: 'CAD',
    c$: 'CAD',
    au$: 'AUD',
    a$: 'AUD',
    nz$: 'NZD',
    hk$: 'HKD',
    s$: 'SGD',
    r$: 'BRL',
  },
  ...{ '€': 'EUR', '£': 'GBP', '¥': 'JPY', '￥': 'JPY', '₹': 'INR', '₽': 'RUB', '₩': 'KRW', '₺': 'TRY', '₴': 'UAH' },
  ...{
    '₪': 'ILS',
    '₫': 'VND',
    '฿': 'THB',
    zł: 'PLN',
    kč: 'CZK',
    'fr.': 'CHF',
    'sfr.': 'CHF',
    euro: 'EUR',
    euros: 'EUR',
  },
  ...{ dollar: 'USD', dollars: 'USD', 'us dollar': 'USD', 'us dollars': 'USD', pound: 'GBP', pounds: 'GBP' },
  ...{ 'pounds sterling': 'GBP', franken: 'CHF', 'schweizer franken': 'CHF', 'francs suisses': 'CHF', yen: 'JPY' },
  ...{
    円: 'JPY',
    万円: 'JPY',
    億円: 'JPY',
    万元: 'CNY',
    亿元: 'CNY',
    元: 'CNY',
    원: 'KRW',
    евро: 'EUR',
    ευρώ: 'EUR',
    złotych: 'PLN',
    korun: 'CZK',
    ft: 'HUF',
    lei: 'RON',
    tl: 'TRY',
    rupee: 'INR',
    rupees: 'INR',
    kroner: 'NOK',
    kronor: 'SEK',
  },
};

/** Words that announce the sum a document is about. */
export const TOTAL =
  /\b(?:grand total|total|totale|totaux|amount due|balance due|sum|summe|gesamt\p{L}*|rechnungsbetrag|zahlbetrag|endbetrag|importe|montant|net à payer|a pagar|da pagare|ttc|brutto)\b/iu;
const NOTABLE =
  /\b(?:fee|price|rent|salary|penalty|liability|budget|cost|damage|vergütung|preis|miete|gehalt|haftung|vertragsstrafe|kosten|honoraire\p{L}*|prix|loyer|salaire|coût|precio|renta|salario|coste|prezzo|canone|stipendio|costo)\b/iu;

function readScale(scale: string | undefined): number {
  if (scale === undefined) return 1;
  const word = scale.toLowerCase();
  if (/^(?:milliard|miliard|mrd|mld|bn|billion|mil millones|млрд|میلیارد)/u.test(word)) return 1e9;
  if (/^(?:mio|million|millon|millón|milion|mln|млн|миллион|мільйон|میلیون|مليون)/u.test(word) || word === 'm')
    return 1e6;
  return 1e3;
}

function readCurrency(mark: string): string | undefined {
  const key = mark.toLowerCase();
  if (CURRENCY_OF[key] !== undefined) return CURRENCY_OF[key];
  if (new RegExp(`^(?:${CODES})$`, 'u').test(mark)) return mark;
  if (/^(?:грн|грив)/u.test(key)) return 'UAH';
  if (key.startsWith('جنيه')) return 'EGP';
  if (key.startsWith('שקל')) return 'ILS';
  return key.startsWith('руб') ? 'RUB' : undefined;
}

/** A total weighs more than a price, a large sum a little more than a small one. */
function weigh(line: string, value: number): number {
  const base = TOTAL.test(line) ? 4 : NOTABLE.test(line) ? 2 : 0;
  return base + Math.min(3, Math.log10(1 + Math.abs(value)) / 2);
}

function findInLine(line: string): (AmountFact & { at: number })[] {
  const facts: (AmountFact & { at: number; end: number })[] = [];
  const add = (match: RegExpMatchArray, number: string, mark: string, scale: string | undefined, minus: boolean) => {
    const at = match.index ?? 0;
    const end = at + match[0].length;
    const parsed = parseNumber(number);
    // The suffix pattern ignores case for words such as "Euro"; a code in lower case is part of something else.
    const isCode = new RegExp(`^(?:${CODES})$`, 'iu').test(mark);
    if (
      parsed === undefined ||
      (isCode && mark !== mark.toUpperCase()) ||
      facts.some((other) => at < other.end && other.at < end)
    )
      return;
    const myriads = /^[万萬]/u.test(mark) ? 1e4 : /^[億亿]/u.test(mark) ? 1e8 : 1;
    const value = Math.round(parsed * readScale(scale) * myriads * 100) / 100;
    const currency = readCurrency(mark);
    const signed = minus ? -value : value;
    const text = match[0].replace(/\s+/gu, ' ').trim();
    facts.push({
      text,
      value: signed,
      ...(currency === undefined ? {} : { currency }),
      weight: weigh(line, value),
      at,
      end,
    });
  };
  for (const match of line.matchAll(PREFIXED))
    add(match, match[4] ?? '', match[2] ?? '', match[5], match[1] !== undefined || match[3] !== undefined);
  for (const match of line.matchAll(SUFFIXED))
    add(match, match[2] ?? '', match[4] ?? '', match[3], match[1] !== undefined);
  return facts.sort((a, b) => a.at - b.at);
}

/** The amounts of money in a text, the weightiest first, each once. */
export function findAmounts(text: string): AmountFact[] {
  const byKey = new Map<string, AmountFact>();
  for (const line of text.split('\n')) {
    const latin = toLatinDigits(line);
    for (const { text, at, value, currency, weight } of findInLine(latin)) {
      const written = latin === line ? text : line.slice(at, at + text.length);
      const key = `${value} ${currency}`;
      const known = byKey.get(key);
      if (known !== undefined) known.weight = Math.max(known.weight, weight) + 0.1;
      else
        byKey.set(key, {
          text: written,
          ...(value === undefined ? {} : { value }),
          ...(currency === undefined ? {} : { currency }),
          weight,
        });
    }
  }
  return [...byKey.values()].sort((a, b) => b.weight - a.weight).slice(0, MAX_AMOUNTS);
}
