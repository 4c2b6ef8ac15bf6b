import type { JsonObject } from '@nightshift/domain';
import type { Tool } from '../define-tool.ts';

/** A tool as a model is told about it; adapters of vendors rename the fields. */
export interface ModelTool {
  name: string;
  description: string;
  inputSchema: JsonObject;
}

/** What the model is told about these tools, in their order (the order is part of what a prompt cache keys on). */
export function toModelTools(tools: readonly Tool[]): ModelTool[] {
  return tools.map((tool) => ({
    name: tool.name,
    description: tool.description,
    inputSchema: tool.inputJsonSchema,
  }));
}
