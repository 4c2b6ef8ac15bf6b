export interface StepResult {
  /** It ended with exit code 0 and was not aborted. */
  isOk: boolean;
  /** What a quiet command wrote; else empty. */
  output: string;
  seconds: number;
}
export function runStep(
  command: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv; isQuiet?: boolean; signal: AbortSignal },
): Promise<StepResult>;
