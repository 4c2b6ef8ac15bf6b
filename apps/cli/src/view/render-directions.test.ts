import { createId, toUuid } from '@nightshift/domain';
import { describe, expect, it } from 'vitest';
import type { TaskResult } from '../batch/task-result.ts';
import { createColors } from './colors.ts';
import { renderDirections } from './render-directions.ts';
import type { ServingPlace } from './reporter.ts';

const PLACE: ServingPlace = {
  apiUrl: 'http://127.0.0.1:8787',
  apiKeyFile: '/home/ada/my project/api-key',
  dataDir: '/home/ada/my project',
  logDir: '/home/ada/my project/logs',
  databaseUrlFile: undefined,
  isStandInModel: true,
};
const screen = { columns: 80, colors: createColors(false) };

function task(customId: string, audioId?: string): TaskResult {
  return { id: createId('task'), customId, status: 'completed', result: {}, failure: undefined, audioId };
}

describe('renderDirections', () => {
  it('gives commands for a document with a spoken brief, and the ids of all', () => {
    const silent = task('silent.md');
    const spoken = task('spoken.pdf', createId('art'));
    const text = renderDirections({ batchId: 'batch_1', results: [silent, spoken], refused: [] }, PLACE, screen);
    expect(text).toContain("export NIGHTSHIFT_KEY=$(cat '/home/ada/my project/api-key')");
    expect(text).toContain(`/v1/tasks/${spoken.id}\n`);
    expect(text).toContain(`-o brief.mp3 http://127.0.0.1:8787/v1/artifacts/${spoken.audioId}/content`);
    expect(text).toContain(
      `psql "$DATABASE_URL" -c "select result from tasks where id = '${toUuid(spoken.id as 'task_')}'"`,
    );
    expect(text).toContain(`  silent.md        ${silent.id}`);
    expect(text).toContain('not a language model');
  });

  it('names only the places when nothing was analysed', () => {
    const text = renderDirections({ batchId: undefined, results: [], refused: [] }, PLACE, screen);
    expect(text).toContain(PLACE.logDir);
    expect(text).not.toContain('curl');
  });

  it('sums up what would be a long list', () => {
    const results = Array.from({ length: 50 }, (_, n) => task(`${n}.md`));
    const text = renderDirections(
      { batchId: 'batch_1', results, refused: [] },
      { ...PLACE, isStandInModel: false },
      screen,
    );
    expect(text).toContain('and 10 more');
    expect(text).not.toContain('stand-in');
  });
});
