import { drawPlan, toPrompt } from '../lab/lab-plan.ts';

/** What a client of the soak asks for. The label names it in what the model is asked. */
export interface SoakRequest {
  label: string;
  agent: string;
  input: Record<string, unknown>;
}

export interface RequestSource {
  draw(): SoakRequest;
  /** From now on some requests are about this document. */
  setDocument(fileId: string): void;
}

const DOCUMENT_SHARE = 0.015;
const MUSIC_SHARE = 0.06;
const DOOMED_SHARE = 0.03;

/** Mostly plans with effects of several classes, sometimes music or a document, and some that the model will refuse. */
export function createRequestSource(deps: { random: () => number; doomed: Set<string> }): RequestSource {
  const { random, doomed } = deps;
  let labels = 0;
  let documentId: string | undefined;
  return {
    setDocument(fileId) {
      documentId = fileId;
    },
    draw() {
      labels += 1;
      const isDoomed = random() < DOOMED_SHARE;
      const label = `${isDoomed ? 'doomed' : 'soak'}-${labels}`;
      if (isDoomed) doomed.add(label);
      if (!isDoomed && documentId !== undefined && random() < DOCUMENT_SHARE) {
        const input = { file_id: documentId, name: `${label}.md`, media_type: 'text/markdown' };
        return { label, agent: 'document-analyst', input };
      }
      const plan = drawPlan(label, random, { music: random() < MUSIC_SHARE, delayMs: 400 });
      return { label, agent: 'lab', input: { prompt: toPrompt(plan) } };
    },
  };
}
