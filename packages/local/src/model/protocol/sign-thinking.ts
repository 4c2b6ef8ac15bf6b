import { createHmac } from 'node:crypto';

/**
 * A fixed key: a journaled conversation must still verify after this server was restarted. It proves that a thinking
 * block came back unchanged, it protects nothing.
 */
const SIGNING_KEY = 'nightshift local-extractive-1';

/** The signature this server gives a thinking text. */
export function signThinking(thinking: string): string {
  return createHmac('sha256', SIGNING_KEY).update(thinking).digest('base64');
}

/** Signatures issued by scripts, which may differ from {@link signThinking}; only issued ones verify. */
export interface ThinkingLedger {
  issue(thinking: string, signature: string): void;
  verify(thinking: string, signature: string): boolean;
}

export function createThinkingLedger(): ThinkingLedger {
  const issued = new Map<string, string>();
  return {
    issue(thinking, signature) {
      if (signature !== signThinking(thinking)) issued.set(signature, signThinking(thinking));
    },
    verify(thinking, signature) {
      const expected = signThinking(thinking);
      return signature === expected || issued.get(signature) === expected;
    },
  };
}
