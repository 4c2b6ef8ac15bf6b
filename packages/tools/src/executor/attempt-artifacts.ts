import type { ArtifactWriter } from '@nightshift/artifacts';
import type { ToolCallScope } from './tool-call-scope.ts';

/** The artifacts one try writes. */
export interface AttemptArtifacts {
  open(name: string, options: { mediaType: string }): Promise<ArtifactWriter>;
  /** Aborts those that the tool has left open. Never rejects. */
  abortAll(reason: string): Promise<void>;
}

/** `assertOpen` throws once the try is over: a writer that opens only then is aborted, and nobody gets it. */
export function createAttemptArtifacts(
  scope: Pick<ToolCallScope, 'createArtifactWriter'>,
  assertOpen: () => void,
): AttemptArtifacts {
  const writers: ArtifactWriter[] = [];
  return {
    async open(name, options) {
      assertOpen();
      const writer = await scope.createArtifactWriter(name, options);
      writers.push(writer);
      try {
        assertOpen();
      } catch (over) {
        await writer.abort('the tool call was over');
        throw over;
      }
      return writer;
    },
    async abortAll(reason) {
      await Promise.allSettled(writers.map((writer) => writer.abort(reason)));
    },
  };
}
