import { type NewEvent, type Visibility, visibilityOf } from './event.ts';
import { toJsonText } from './json.ts';

/**
 * An event as the log stores it: one line of JSON without its number (`first_seq` of the row gives that), plus what a
 * reader needs without parsing the line.
 */
export interface EventLine {
  type: string;
  visibility: Visibility;
  line: string;
}

/** Encodes an event of an epoch. JSON.stringify leaves no raw newline, so that nothing in it can forge a frame. */
export function toEventLine(event: NewEvent, epoch: number, at: Date): EventLine {
  const visibility = visibilityOf(event.type) === 'developer' ? 'developer' : (event.visibility ?? 'user');
  const line = toJsonText({
    type: event.type,
    epoch,
    step_id: event.stepId,
    created_at: at.toISOString(),
    data: event.data,
  });
  return { type: event.type, visibility, line };
}

/** One character per event of a row, `u` or `d`: how the log stores visibility. */
export function toVisibilityMask(lines: readonly EventLine[]): string {
  return lines.map((line) => (line.visibility === 'developer' ? 'd' : 'u')).join('');
}
