import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { RecordedRequest } from '../../../packages/local/src/model/server/request-log.ts';
import type { ReceivedFrame } from '../../support/event-stream.ts';
import type { EffectCall } from '../agents/effect-server.ts';
import { checkAcceptance } from './check-acceptance.ts';
import { checkAgreement, digestFrames } from './check-agreement.ts';
import { checkArtifacts } from './check-artifacts.ts';
import { checkEffects } from './check-effects.ts';
import { checkMessages } from './check-messages.ts';
import { checkOwnRows } from './check-own-rows.ts';
import { checkTranscript } from './check-transcript.ts';
import { checkVerifiedEffects } from './check-verified-effects.ts';

type Event = [type: string, data?: Record<string, unknown>, epoch?: number];

function toFrames(events: readonly Event[]): ReceivedFrame[] {
  return events.map(([type, data = {}, epoch = 1], index) => {
    const createdAt = new Date(1_000_000).toISOString();
    return { id: index + 1, type, data: { sequence_number: index + 1, epoch, created_at: createdAt, data } };
  });
}

const TURN: Event[] = [
  ['turn.started', { turn: 1 }],
  ['text.delta', { block: 0, text: 'a' }],
  ['text.delta', { block: 0, text: 'b' }],
  ['text.completed', { block: 0, text: 'ab' }],
  ['turn.completed', { turn: 1 }],
];
const CALL: Event[] = [
  ['tool.requested', { tool: 'effect_keyed', tool_use_id: 'c' }],
  ['tool.completed', { tool: 'effect_keyed', tool_use_id: 'c' }],
];
const GOOD: Event[] = [['task.started'], ...TURN, ...CALL, ['task.completed']];

describe('checkAcceptance', () => {
  it('wants every accepted task known, over, and over for everybody', () => {
    expect(checkAcceptance([{ id: 't', status: 'completed', lastEvent: 'task.completed' }])).toEqual([]);
    expect(checkAcceptance([{ id: 't', status: undefined, lastEvent: undefined }])).toEqual(['t: accepted and lost']);
    expect(checkAcceptance([{ id: 't', status: 'running', lastEvent: 'task.started' }])).toHaveLength(1);
    expect(checkAcceptance([{ id: 't', status: 'cancelled', lastEvent: 'task.completed' }])).toHaveLength(1);
  });
});

describe('checkTranscript', () => {
  it('has nothing against a good one, nor against a half turn that is declared void', () => {
    expect(checkTranscript('t', toFrames(GOOD))).toEqual([]);
    const voided: Event[] = [
      ['task.started'],
      ['turn.started', { turn: 1 }],
      ['task.resumed', {}, 2],
      ['turn.voided', { from: 2, to: 3 }, 2],
      ['task.completed', {}, 2],
    ];
    expect(checkTranscript('t', toFrames(voided))).toEqual([]);
  });

  it.each<[string, ReceivedFrame[]]>([
    ['an event is missing', toFrames(GOOD).filter((frame) => frame.id !== 4)],
    ['an event comes twice', toFrames(GOOD).flatMap((frame) => (frame.id === 4 ? [frame, frame] : [frame]))],
    ['an epoch goes back', toFrames([['task.started', {}, 2], ...TURN, ['task.completed']])],
    ['there is no final event', toFrames(GOOD.slice(0, -1))],
    ['something follows the final event', toFrames([...GOOD, ['log']])],
    ['a half turn is not declared void', toFrames([TURN[0] ?? ['log'], ...TURN, ['task.completed']])],
    ['the text is not that of its deltas', toFrames(GOOD.filter((_, index) => index !== 2))],
    ['a call is settled twice', toFrames([...GOOD.slice(0, -1), ...CALL.slice(1), ['task.completed']])],
    ['a settled call is begun again', toFrames([...GOOD.slice(0, -1), ...CALL.slice(0, 1), ['task.completed']])],
    ['a turn is completed twice', toFrames([...TURN, ...TURN, ['task.completed']])],
  ])('is red when %s', (_, frames) => {
    expect(checkTranscript('t', frames)).not.toEqual([]);
  });
});

describe('checkAgreement', () => {
  it('is red when two readers were given different logs', () => {
    const one = digestFrames(toFrames(GOOD));
    expect(checkAgreement('t', [one, one])).toEqual([]);
    expect(checkAgreement('t', [one, digestFrames(toFrames([...GOOD.slice(0, -1), ['task.failed']]))])).toHaveLength(1);
  });
});

describe('checkEffects', () => {
  const transcripts = new Map([['t', toFrames(GOOD)]]);

  it('has nothing against one effect of every call, and a keyed one repeated with its key', () => {
    expect(checkEffects([effect()], transcripts).problems).toEqual([]);
    expect(checkEffects([effect(), effect()], transcripts).problems).toEqual([]);
  });

  it.each<[string, EffectCall[]]>([
    ['a call completed and was never done', []],
    ['a call has two keys', [effect(), effect({ idempotencyKey: 'other' })]],
    ['two calls share a key', [effect(), effect({ toolUseId: 'd' })]],
    ['an unsafe call is done twice', [effect({ tool: 'effect_unsafe' }), effect({ tool: 'effect_unsafe' })]],
  ])('is red when %s', (_, effects) => {
    expect(checkEffects(effects, transcripts).problems).not.toEqual([]);
  });

  it('counts an effect after the call was settled', () => {
    expect(checkEffects([effect({ atMs: 2_000_000 })], transcripts).counts.lateEffects).toBe(1);
  });
});

describe('checkVerifiedEffects', () => {
  it('is red when a verifiable call is done twice', () => {
    const once = effect({ tool: 'effect_verifiable' });
    expect(checkVerifiedEffects([once])).toEqual([]);
    expect(checkVerifiedEffects([once, once])).toHaveLength(1);
  });
});

describe('checkOwnRows', () => {
  const done = new Map([['t', toFrames([['tool.completed', { tool: 'write_row', tool_use_id: 'c' }]])]]);
  const row = { taskId: 't', toolUseId: 'c' };

  it('is red without the row of a completed call, with a second one, and with that of a call that did not complete', () => {
    expect(checkOwnRows([row], done)).toEqual([]);
    expect(checkOwnRows([], done)).toHaveLength(1);
    expect(checkOwnRows([row, row], done)).toHaveLength(1);
    expect(checkOwnRows([row], new Map([['t', []]]))).toHaveLength(1);
  });
});

describe('checkMessages', () => {
  const ask = (...messages: unknown[]) =>
    ({ path: '/v1/messages', number: 1, verdict: { kind: 'well_formed' }, body: { messages } }) as RecordedRequest;

  it('is red when a request is malformed, and when one is no extension of the last', () => {
    expect(checkMessages([ask('a'), ask('a', 'b'), ask('a', 'b')], () => 't')).toEqual([]);
    expect(checkMessages([ask('a', 'b'), ask('a', 'c')], () => 't')).toHaveLength(1);
    const malformed = { ...ask('a'), verdict: { kind: 'malformed', message: 'orphan tool_use' } } as RecordedRequest;
    expect(checkMessages([malformed], () => undefined)).toHaveLength(1);
  });
});

describe('checkArtifacts', () => {
  const bytes = Buffer.from('audio');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const frames = toFrames([['artifact.completed', { artifact_id: 'a', sha256, bytes: bytes.length }]]);

  it('is red when an object is missing, short, or another', async () => {
    expect(await checkArtifacts(frames, async () => bytes)).toEqual([]);
    expect(await checkArtifacts(frames, async () => undefined)).toHaveLength(1);
    expect(await checkArtifacts(frames, async () => bytes.subarray(1))).toHaveLength(1);
    expect(await checkArtifacts(frames, async () => Buffer.from('oidua'))).toHaveLength(1);
  });
});

function effect(changes: Partial<EffectCall> = {}): EffectCall {
  return {
    number: 1,
    tool: 'effect_keyed',
    taskId: 't',
    toolUseId: 'c',
    callId: 's',
    idempotencyKey: 'k',
    input: {},
    atMs: 1_000_000,
    ...changes,
  };
}
