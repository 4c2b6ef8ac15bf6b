import Anthropic from '@anthropic-ai/sdk';
import { afterEach, describe, expect, it } from 'vitest';
import { type ModelServer, startModelServer } from '../server/start-model-server.ts';
import type { DocumentResult } from './build-result.ts';
import { SAMPLES } from './sample-documents.ts';
import { OTHER_SCRIPT_SAMPLES } from './sample-documents-other-scripts.ts';

const MAX_TURNS = 60;
const TOOLS: Anthropic.Tool[] = [
  {
    name: 'read_document',
    input_schema: {
      type: 'object',
      properties: { file_id: { type: 'string' }, page: { type: 'integer' } },
      required: ['file_id', 'page'],
    },
  },
  { name: 'search_documents', input_schema: { type: 'object', properties: { query: { type: 'string' } } } },
  {
    name: 'speak',
    input_schema: {
      type: 'object',
      properties: { text: { type: 'string' }, voice: { type: 'string', enum: ['Matthew', 'Vicki', 'Lea'] } },
    },
  },
];

let server: ModelServer;
afterEach(() => server.close());

interface Run {
  result: DocumentResult;
  turns: number;
  reads: number[];
  /** Largest number of calls in one turn. */
  widest: number;
  spoken: { text: string; voice?: string }[];
}

interface Task {
  name: string;
  mediaType: string;
  message?: string;
  contextWindowTokens?: number;
  read: (page: number) => string | { error: string };
  /** What an agent runtime does to the conversation before it sends it again. */
  prune?: (messages: Anthropic.MessageParam[]) => Anthropic.MessageParam[];
}

/** A minimal agent: runs the stand-in's tool calls until it stops. */
async function run(task: Task): Promise<Run> {
  server = await startModelServer({ streamDelayMs: 0, contextWindowTokens: task.contextWindowTokens ?? 32_000 });
  const client = new Anthropic({ apiKey: 'test', baseURL: server.url, maxRetries: 0, logLevel: 'off' });
  const named = `Analyse the document.\nDocument: file_id=file_abc123 name="${task.name}" media_type="${task.mediaType}"\nAnswer with one JSON object.`;
  let messages: Anthropic.MessageParam[] = [{ role: 'user', content: task.message ?? named }];
  const reads: number[] = [];
  const spoken: Run['spoken'] = [];
  let widest = 0;
  for (let turn = 1; turn <= MAX_TURNS; turn += 1) {
    const reply = await client.messages
      .stream({ model: 'any', max_tokens: 4_000, tools: TOOLS, messages })
      .finalMessage();
    const calls = reply.content.filter((block) => block.type === 'tool_use');
    if (reply.stop_reason === 'end_turn') {
      const text = reply.content[0]?.type === 'text' ? reply.content[0].text : '';
      return { result: JSON.parse(text), turns: turn, reads, widest, spoken };
    }
    widest = Math.max(widest, calls.length);
    const results = calls.map((call): Anthropic.ToolResultBlockParam => {
      const input = call.input as { page: number; file_id: string; text: string; voice?: string };
      if (call.name === 'speak') {
        spoken.push(input);
        return {
          type: 'tool_result',
          tool_use_id: call.id,
          content: JSON.stringify({ artifact_id: 'art_brief1', duration_ms: 900 }),
        };
      }
      expect(input.file_id).toBe('file_abc123');
      reads.push(input.page);
      const read = task.read(input.page);
      return typeof read === 'string'
        ? { type: 'tool_result', tool_use_id: call.id, content: read }
        : { type: 'tool_result', tool_use_id: call.id, content: read.error, is_error: true };
    });
    messages.push({ role: 'assistant', content: reply.content }, { role: 'user', content: results });
    messages = task.prune?.(messages) ?? messages;
  }
  throw new Error(`no answer after ${MAX_TURNS} turns; pages read: ${reads.join(' ')}`);
}

/** Keeps the task and the newest turns; older results become stubs, still older turns go. */
function pruneHard(messages: Anthropic.MessageParam[]): Anthropic.MessageParam[] {
  const stubbed = messages.map((message, at) => {
    if (at === 0 || at >= messages.length - 2 || message.role !== 'user' || typeof message.content === 'string')
      return message;
    const content = message.content.map((block) => ({ ...block, content: '[truncated: 4,210 characters removed]' }));
    return { role: message.role, content: content as Anthropic.ToolResultBlockParam[] };
  });
  const [task, ...rest] = stubbed;
  return task === undefined ? [] : [task, ...rest.slice(-6)];
}

function handbookPage(page: number): string {
  const rules = Array.from(
    { length: 8 },
    (_, at) =>
      `Rule ${page}.${at + 1} requires every department to keep its records for ${page + at} months and to report each exception to the compliance office in Manchester without delay.`,
  );
  const opening =
    page === 1
      ? 'EMPLOYEE HANDBOOK\n\nThis handbook of Northwind Traders Ltd. applies to all employees from 1 January 2026.\n\n'
      : '';
  const fine = page === 3 ? '\n\nThe total penalty for lost records is £75,000.00.' : '';
  const closing = page === 60 ? '\n\nThe handbook was approved by Margaret Hill on 14 December 2025.' : '';
  return `${opening}Chapter ${page}\n\n${rules.join(' ')}${fine}${closing}`;
}

describe('analyseDocument', () => {
  it.each([...SAMPLES, ...OTHER_SCRIPT_SAMPLES])('analyses $name', async (sample) => {
    const { result, spoken, turns } = await run({ ...sample, read: () => `[page 1 of 1]\n${sample.text}` });
    const { title, kind, language } = result;
    expect({ title, kind, language }).toEqual({ title: sample.title, kind: sample.kind, language: sample.language });
    expect(result.dates.map((date) => date.iso)).toEqual(expect.arrayContaining(sample.dates));
    expect(result.amounts.map(({ value, currency }) => `${value} ${currency}`)).toEqual(
      expect.arrayContaining(sample.amounts),
    );
    expect(result.names.map((name) => name.text)).toEqual(expect.arrayContaining(sample.names));
    const words = sample.text.replace(/\s+/gu, ' ');
    if (sample.kind !== 'table')
      for (const sentence of result.summary) expect(words).toContain(sentence.replace(/\s+/gu, ' '));
    expect(result.summary.join(' ')).toContain(sample.says);
    expect(result).toMatchObject({ pages_read: 1, brief_artifact_id: 'art_brief1' });
    expect(result.generated_by).toContain('not a language model');
    expect(spoken).toHaveLength(1);
    expect(spoken[0]?.text.length).toBeLessThanOrEqual(800);
    expect(turns).toBe(3);
    expect(server.requests.map((request) => request.verdict.kind)).toEqual([
      'well_formed',
      'well_formed',
      'well_formed',
    ]);
  });

  it('reads 60 pages in a window they do not fit into, from its own notes, each page once', async () => {
    const { result, reads, widest } = await run({
      name: 'handbook.pdf',
      mediaType: 'application/pdf',
      contextWindowTokens: 8_000,
      read: (page) => `[page ${page} of 60]\n${handbookPage(page)}`,
      prune: pruneHard,
    });
    expect(reads).toEqual(Array.from({ length: 60 }, (_, at) => at + 1));
    expect(widest).toBeGreaterThan(1);
    expect(server.requests.map((request) => request.verdict.kind).filter((kind) => kind !== 'well_formed')).toEqual([]);
    expect(result).toMatchObject({ title: 'EMPLOYEE HANDBOOK', kind: 'handbook', language: 'en', pages_read: 60 });
    expect(result.dates.map((date) => date.iso)).toEqual(['2026-01-01', '2025-12-14']);
    expect(result.amounts).toEqual([{ text: '£75,000.00', value: 75_000, currency: 'GBP' }]);
    expect(result.names.map((name) => name.text)).toEqual(
      expect.arrayContaining(['Northwind Traders Ltd.', 'Margaret Hill', 'Manchester']),
    );
    expect(result.summary.length).toBeGreaterThanOrEqual(2);
  });

  it('trusts its notes more than what is left of a shortened page', async () => {
    const shorten = (messages: Anthropic.MessageParam[]) =>
      messages.map((message, at) => {
        if (at === 0 || at >= messages.length - 2 || message.role !== 'user' || typeof message.content === 'string')
          return message;
        const content = message.content.map((block) => {
          const text = block.type === 'tool_result' ? String(block.content) : '';
          return {
            ...block,
            content: `${text.slice(0, 60)}\n[truncated: ${text.length} characters were left out]\n${text.slice(-20)}`,
          };
        });
        return { role: message.role, content: content as Anthropic.ToolResultBlockParam[] };
      });
    const { result, reads } = await run({
      name: 'x.pdf',
      mediaType: 'application/pdf',
      read: (page) => `[page ${page} of 12]\n${handbookPage(page)}`,
      prune: shorten,
    });
    expect(reads).toHaveLength(12);
    expect(result.amounts).toEqual([{ text: '£75,000.00', value: 75_000, currency: 'GBP' }]);
    expect(result.dates.map((date) => date.iso)).toEqual(['2026-01-01']);
    expect(result.pages_read).toBe(12);
  });

  it('finishes when every result is taken away at once, and reads no page twice', async () => {
    const { result, reads } = await run({
      name: 'x.pdf',
      mediaType: 'application/pdf',
      read: (page) => (page === 1 ? `[page 1 of 9]\n${handbookPage(1)}` : '[truncated: 9,000 characters removed]'),
    });
    expect(reads).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(result.pages_read).toBe(1);
  });

  it.each([
    ['The PDF is encrypted and needs a password.', 'encrypted', 1],
    ['The file is damaged: no PDF header.', 'damaged', 1],
    ['The file is empty (0 bytes).', 'empty', 1],
    ['The PDF has no text layer; it was scanned.', 'no_text_layer', 1],
    ['The tool timed out.', 'unreadable', 2],
  ])('says so when reading fails with "%s"', async (error, code, attempts) => {
    const { result, reads, spoken } = await run({
      name: 'plan.pdf',
      mediaType: 'application/pdf',
      read: () => ({ error }),
    });
    expect(result.error).toEqual({ code, message: error });
    expect(result.summary[0]).toMatch(/^The document "plan\.pdf" could not be read: /);
    expect([reads.length, spoken.length, result.pages_read]).toEqual([attempts, 0, 0]);
  });

  it('goes on without a page that fails for good', async () => {
    const { result, reads } = await run({
      name: 'x.pdf',
      mediaType: 'application/pdf',
      read: (page) => (page === 2 ? { error: 'page 2 is damaged' } : `[page ${page} of 3]\n${handbookPage(page)}`),
      prune: pruneHard,
    });
    expect(reads).toEqual([1, 2, 3]);
    expect(result.pages_read).toBe(2);
  });

  it('takes the document from JSON, and a voice of its language', async () => {
    const sample = SAMPLES.find(({ language }) => language === 'de');
    const { result, spoken } = await run({
      name: '',
      mediaType: '',
      message: JSON.stringify({
        task: 'analyse',
        document: { file_id: 'file_abc123', name: 'rechnung.pdf', media_type: 'application/pdf' },
      }),
      read: () => `[page 1 of 1]\n${sample?.text}`,
    });
    expect(result.kind).toBe('invoice');
    expect(spoken[0]?.voice).toBe('Vicki');
  });
});

describe('answerRequest without a document', () => {
  const ask = async (params: Partial<Anthropic.MessageCreateParamsNonStreaming>) => {
    server = await startModelServer({ streamDelayMs: 0 });
    const client = new Anthropic({ apiKey: 'test', baseURL: server.url, maxRetries: 0, logLevel: 'off' });
    return client.messages.create({
      model: 'm',
      max_tokens: 2_000,
      messages: [{ role: 'user', content: SAMPLES[0]?.text ?? '' }],
      ...params,
    });
  };

  it('summarises the text it was given and ends the turn, other tools offered or not', async () => {
    const reply = await ask({ tools: [{ name: 'weather', input_schema: { type: 'object' } }] });
    expect(reply.stop_reason).toBe('end_turn');
    expect(reply.content[0]).toMatchObject({
      type: 'text',
      text: expect.stringContaining('(Extracted from your text by local-extractive-1'),
    });
  });

  it('answers JSON when the system prompt asks for it', async () => {
    const reply = await ask({ system: 'Answer with one JSON object.' });
    expect(JSON.parse(reply.content[0]?.type === 'text' ? reply.content[0].text : '')).toMatchObject({
      kind: 'contract',
      pages_read: 0,
    });
  });

  it('calls the tool it is forced to call, with input its schema accepts', async () => {
    const schema = {
      type: 'object' as const,
      properties: { city: { type: 'string', maxLength: 10 }, days: { type: 'integer', minimum: 2 } },
      required: ['city', 'days'],
    };
    const reply = await ask({
      tools: [{ name: 'weather', input_schema: schema }],
      tool_choice: { type: 'tool', name: 'weather' },
    });
    expect(reply.stop_reason).toBe('tool_use');
    expect(reply.content[0]).toMatchObject({ name: 'weather', input: { city: expect.any(String), days: 2 } });
  });
});
