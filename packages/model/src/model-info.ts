import type { ModelUsage } from './model-message.ts';

/** What we have to know of a model before calling it. Prices in US dollars per million tokens. */
export interface ModelInfo {
  contextWindowTokens: number;
  maxOutputTokens: number;
  price: { input: number; output: number; cacheRead: number; cacheCreation: number };
}

const FREE = { input: 0, output: 0, cacheRead: 0, cacheCreation: 0 };

/** By the beginning of the model's name, the most specific first. Prices are list prices and can be overridden. */
const KNOWN_MODELS: readonly (readonly [prefix: string, info: ModelInfo])[] = [
  ['local-extractive', { contextWindowTokens: 32_000, maxOutputTokens: 4_096, price: FREE }],
  [
    'claude-opus',
    {
      contextWindowTokens: 200_000,
      maxOutputTokens: 16_000,
      price: { input: 5, output: 25, cacheRead: 0.5, cacheCreation: 6.25 },
    },
  ],
  [
    'claude-haiku',
    {
      contextWindowTokens: 200_000,
      maxOutputTokens: 16_000,
      price: { input: 1, output: 5, cacheRead: 0.1, cacheCreation: 1.25 },
    },
  ],
  [
    'claude',
    {
      contextWindowTokens: 200_000,
      maxOutputTokens: 16_000,
      price: { input: 3, output: 15, cacheRead: 0.3, cacheCreation: 3.75 },
    },
  ],
];

/** An unknown model is taken for a small one: a window that is too small costs some pruning, one too large a failure. */
const UNKNOWN_MODEL: ModelInfo = { contextWindowTokens: 32_000, maxOutputTokens: 4_096, price: FREE };

export function findModelInfo(model: string): ModelInfo {
  return KNOWN_MODELS.find(([prefix]) => model.startsWith(prefix))?.[1] ?? UNKNOWN_MODEL;
}

/** What a turn cost by list price. */
export function toCostUsd(info: ModelInfo, usage: ModelUsage): number {
  const { price } = info;
  const millionths =
    usage.inputTokens * price.input +
    usage.outputTokens * price.output +
    usage.cacheReadTokens * price.cacheRead +
    usage.cacheCreationTokens * price.cacheCreation;
  return millionths / 1_000_000;
}
