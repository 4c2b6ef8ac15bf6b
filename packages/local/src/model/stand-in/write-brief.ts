import { isRecord } from '../protocol/is-record.ts';
import type { WireTool } from '../protocol/wire-message.ts';
import type { DocumentResult } from './build-result.ts';

export const MAX_BRIEF_CHARS = 800;
const MAX_BRIEF_SENTENCES = 4;

/** Polly voices by language, used when the `speak` tool lists them; English keeps the tool's default. */
const VOICES: Record<string, readonly string[]> = {
  de: ['Vicki', 'Daniel', 'Marlene', 'Hans'],
  fr: ['Lea', 'Léa', 'Remi', 'Celine', 'Mathieu'],
  es: ['Lucia', 'Sergio', 'Conchita', 'Enrique'],
  it: ['Bianca', 'Adriano', 'Carla', 'Giorgio'],
  nl: ['Laura', 'Lotte', 'Ruben'],
  pt: ['Ines', 'Camila', 'Vitoria'],
};

/** The title, unless the first sentence says it anyway, and as many sentences of the summary as fit, at most four. */
export function writeBrief({ title, summary }: Pick<DocumentResult, 'title' | 'summary'>): string {
  const lead = /[.!?]$/u.test(title) ? title : `${title}.`;
  const says = (summary[0] ?? '').toLowerCase().includes(title.toLowerCase().replace(/[.!?]$/u, ''));
  const sentences: string[] = says ? [] : [lead];
  for (const sentence of summary.slice(0, MAX_BRIEF_SENTENCES)) {
    if ([...sentences, sentence].join(' ').length <= MAX_BRIEF_CHARS) sentences.push(sentence);
  }
  return (sentences.length === 0 ? [lead, ...summary] : sentences).join(' ').slice(0, MAX_BRIEF_CHARS).trim();
}

/** The voice of the document's language, if the tool offers one. */
export function chooseVoice(tool: WireTool, language: string): string | undefined {
  const properties = tool.input_schema?.properties;
  const voice = isRecord(properties) ? properties.voice : undefined;
  const offered = isRecord(voice) && Array.isArray(voice.enum) ? voice.enum : [];
  return VOICES[language]?.find((name) => offered.includes(name));
}
