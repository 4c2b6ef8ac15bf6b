import { describe, expect, it } from 'vitest';
import { findNames } from './find-names.ts';

describe('findNamesOfOtherScripts', () => {
  it('finds Russian people and companies', () => {
    const text =
      'ООО «Уральский сахар» в лице генерального директора Петрова Ивана Сергеевича и Соколова Мария Павловна. ' +
      'Руководитель полёта — Юлия Смирнова. Исполнитель: Кузнецов А. В.';
    expect(findNames(text, 'ru').map(({ text: name, type }) => `${name} ${type}`)).toEqual([
      'ООО «Уральский сахар» organization',
      'Петрова Ивана Сергеевича person',
      'Соколова Мария Павловна person',
      'Юлия Смирнова person',
      'Кузнецов А. В. person',
    ]);
  });

  it('finds the people a Chinese or Japanese field lists', () => {
    expect(findNames('出席：王建国、李晓梅、陈志强', 'zh').map(({ text }) => text)).toEqual([
      '王建国',
      '李晓梅',
      '陈志强',
    ]);
    expect(findNames('担当者：佐藤 美咲さん', 'ja').map(({ text }) => text)).toEqual(['佐藤 美咲']);
  });

  it('takes two capitalised words at the start of a sentence for no person', () => {
    expect(findNames('Настоящий Договор действует один год.', 'ru')).toEqual([]);
  });
});
