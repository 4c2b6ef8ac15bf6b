import { ModelApiError } from './api-error.ts';
import { isRecord } from './is-record.ts';
import type { WireRequest, WireTool } from './wire-message.ts';

const TOOL_NAME = /^[a-zA-Z0-9_-]{1,128}$/;

function refuse(message: string): never {
  throw new ModelApiError('invalid_request_error', message);
}

function validateTool(tool: unknown, at: number): WireTool {
  if (!isRecord(tool)) refuse(`tools.${at}: Input should be a valid dictionary`);
  const custom = tool.type === undefined || tool.type === null || tool.type === 'custom';
  const path = custom ? `tools.${at}.custom` : `tools.${at}.${String(tool.type)}`;
  if (tool.name === undefined) refuse(`${path}.name: Field required`);
  if (typeof tool.name !== 'string' || !TOOL_NAME.test(tool.name))
    refuse(`${path}.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'`);
  if (custom) {
    const schema = tool.input_schema;
    if (schema === undefined) refuse(`${path}.input_schema: Field required`);
    if (!isRecord(schema)) refuse(`${path}.input_schema: Input should be a valid dictionary`);
    if (schema.type === undefined) refuse(`${path}.input_schema.type: Field required`);
    if (schema.type !== 'object') refuse(`${path}.input_schema.type: Input should be 'object'`);
    if (schema.properties !== undefined && !isRecord(schema.properties))
      refuse(`${path}.input_schema: JSON schema is invalid. It must match JSON Schema draft 2020-12`);
    if (schema.required !== undefined && !Array.isArray(schema.required))
      refuse(`${path}.input_schema: JSON schema is invalid. It must match JSON Schema draft 2020-12`);
  }
  return tool as unknown as WireTool;
}

/** Checks `tools`: shape, names, schemas, uniqueness. Throws {@link ModelApiError} in Anthropic's words. */
export function validateTools(tools: unknown): WireTool[] {
  if (tools === undefined) return [];
  if (!Array.isArray(tools)) refuse('tools: Input should be a valid list');
  const valid = tools.map(validateTool);
  if (new Set(valid.map((tool) => tool.name)).size !== valid.length) refuse('tools: Tool names must be unique.');
  return valid;
}

/** Checks `tool_choice` against the tools. Absent means `auto`. */
export function validateToolChoice(choice: unknown, tools: readonly WireTool[]): WireRequest['toolChoice'] {
  if (choice === undefined || choice === null) return { type: 'auto' };
  if (!isRecord(choice)) refuse('tool_choice: Input should be a valid dictionary');
  switch (choice.type) {
    case 'auto':
    case 'none':
      return { type: choice.type };
    case 'any':
      if (tools.length === 0) refuse('tool_choice: tool_choice may only be specified while providing tools');
      return { type: 'any' };
    case 'tool': {
      if (typeof choice.name !== 'string') refuse('tool_choice.tool.name: Field required');
      if (!tools.some((tool) => tool.name === choice.name)) refuse(`Tool '${choice.name}' not found in provided tools`);
      return { type: 'tool', name: choice.name };
    }
    default:
      return refuse(
        `tool_choice: Input tag '${String(choice.type)}' found using 'type' does not match any of the expected tags: 'auto', 'any', 'tool', 'none'`,
      );
  }
}
