import type { SampleDocument } from './sample-documents.ts';

/** Documents in other than Latin letters. */
export const OTHER_SCRIPT_SAMPLES: SampleDocument[] = [
  {
    name: 'japanese.txt',
    mediaType: 'text/plain',
    title: '業務委託契約書',
    kind: 'contract',
    language: 'ja',
    dates: ['2026-03-12', '2026-04-01'],
    amounts: ['500000 JPY'],
    names: ['株式会社山田商事'],
    says: '委託料は月額500,000円',
    text: `業務委託契約書

株式会社山田商事（以下「甲」という。）と鈴木一郎（以下「乙」という。）は、2026年3月12日、次のとおり契約を締結する。

第1条　甲は乙に対し、ウェブサイトの保守業務を委託し、乙はこれを受託する。
第2条　委託料は月額500,000円とし、甲は毎月末日までに乙に支払う。
第3条　本契約の有効期間は2026年4月1日から2027年3月31日までとする。
`,
  },
  {
    name: 'arabic.txt',
    mediaType: 'text/plain',
    title: 'عقد إيجار',
    kind: 'contract',
    language: 'ar',
    dates: ['2026-03-12', '2026-04-01'],
    amounts: [],
    names: [],
    says: 'يدفع المستأجر',
    text: `عقد إيجار

تم الاتفاق في القاهرة بتاريخ 12 مارس 2026 بين الطرفين على تأجير المكتب الكائن في شارع النيل. يدفع المستأجر مبلغ 5000 جنيه شهريا. تبدأ مدة العقد في 1 أبريل 2026 وتنتهي بعد سنتين.
`,
  },
];
