import type { WireRequest } from '../protocol/wire-message.ts';
import type { ScriptedBlock } from '../script/scripted-reply.ts';

export function answerRequest(_request: WireRequest, _o: { contextWindowTokens: number }): ScriptedBlock[] {
  return [{ type: 'text', text: 'hello' }];
}
