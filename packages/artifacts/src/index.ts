export type { ArtifactWriter } from './artifact-writer.ts';
