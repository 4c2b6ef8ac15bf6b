export interface ResultCounts {
  passed: number;
  failed: number;
  skipped: number;
}
export function countResults(report: unknown, isOk: boolean): ResultCounts;
export function describeCounts(counts: ResultCounts): string;
