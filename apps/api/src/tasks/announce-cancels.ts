import { messageOf } from '@nightshift/domain';
import type { CancelAnswer } from '@nightshift/store';
import { publishCancel } from '@nightshift/streams';
import type { ApiContext } from '../context.ts';

/** Tells readers and workers what was committed. Best effort: both find out by themselves a little later. */
export function announceCancels(context: ApiContext, answers: readonly CancelAnswer[]): void {
  context.hub.publishNow(answers.flatMap(({ events }) => (events ? [events] : [])));
  for (const { taskId, verdict } of answers) {
    if (verdict === 'final') continue;
    // Also when it was cancelled by force: its worker stops sooner than at its next, refused write.
    publishCancel(context.redis, taskId).catch((error: unknown) => {
      context.log.debug({ task_id: taskId, error: messageOf(error) }, 'cancel not pushed; the next flush tells it');
    });
  }
}
