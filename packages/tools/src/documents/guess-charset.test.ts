import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import { decodeText } from './decode-text.ts';

const SAMPLES: [charset: string, text: string][] = [
  ['windows-1251', 'Протокол собрания жильцов от 3 июня 2025 года. Решили собрать 15 000 рублей на ремонт подъезда.'],
  ['koi8-r', 'Протокол собрания жильцов от 3 июня 2025 года. Решили собрать 15 000 рублей на ремонт подъезда.'],
  ['cp866', 'Протокол собрания жильцов от 3 июня 2025 года. Решили собрать 15 000 рублей на ремонт подъезда.'],
  ['windows-1253', 'Το συμβούλιο αποφάσισε την αγορά νέου εξοπλισμού αξίας 24.500 ευρώ στις 10 Μαρτίου.'],
  ['windows-1255', 'הוועד יתכנס אחת לחודש ודמי הוועד החודשיים הם 350 שקלים לדירה'],
  ['windows-1256', 'تم هذا العقد في مدينة القاهرة بين السيد أحمد محمود حسن والسيدة فاطمة علي'],
  ['shift_jis', '請求書の合計金額は百二十万円です。お支払い期限は十二月末日です。'],
  ['euc-jp', '請求書の合計金額は百二十万円です。お支払い期限は十二月末日です。'],
  ['gb18030', '会议决定投资人民币三百五十万元建设新的数据中心，项目必须在六月之前完成。'],
  ['big5', '會議決定投資三百五十萬元建設新的資料中心，專案必須在六月之前完成。'],
  ['euc-kr', '회의에서 새로운 데이터 센터를 건설하기로 결정했습니다. 다음 회의는 십이월에 열립니다.'],
];

describe('guessCharset', () => {
  it.each(SAMPLES)('reads %s when nothing declares it', (charset, text) => {
    expect(decodeText(iconv.encode(text, charset)).text).toBe(text);
  });

  it('leaves Latin languages to windows-1252 when they have many accents', () => {
    const text = 'Où êtes-vous allés cet été ? À Sète, près de la côte, où la mer était très belle.';
    const decoded = decodeText(iconv.encode(text, 'windows-1252'));
    expect(decoded).toMatchObject({ text, charset: 'windows-1252' });
  });
});
