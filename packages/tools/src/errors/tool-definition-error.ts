/** A tool is declared wrongly: found when the process starts, told to the author with the field and its value. */
export class ToolDefinitionError extends Error {
  override readonly name = 'ToolDefinitionError';

  constructor(tool: string, field: string, problem: string) {
    super(`tool "${tool}": ${field} ${problem}`);
  }
}
