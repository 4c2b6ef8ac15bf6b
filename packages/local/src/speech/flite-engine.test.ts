import { afterEach, describe, expect, it } from 'vitest';
import { ENGINE_SAMPLE_RATE_HZ, FliteEngine, type Utterance } from './flite-engine.ts';

const hello: Utterance = { voice: 'slt', text: 'Hello there.', rate: 1, pitch: 1 };
const engines: FliteEngine[] = [];

async function loadEngine(options?: { utteranceTimeoutMs: number }): Promise<FliteEngine> {
  const engine = await FliteEngine.load(options);
  engines.push(engine);
  return engine;
}

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
});

describe('FliteEngine', () => {
  it('speaks with three voices and at the asked rate', async () => {
    const engine = await loadEngine();
    for (const voice of ['slt', 'rms', 'awb'] as const) {
      const plain = await engine.speak({ ...hello, voice });
      expect(plain.length / ENGINE_SAMPLE_RATE_HZ).toBeGreaterThan(0.4);
      const slow = await engine.speak({ ...hello, voice, rate: 0.5 });
      expect(slow.length / plain.length).toBeCloseTo(2, 0);
    }
  });

  it('survives texts that are long, odd or empty, one after the other', async () => {
    const engine = await loadEngine();
    const texts = [
      'a'.repeat(400),
      'word '.repeat(100),
      '--- ... !!!',
      '',
      '-o /etc/x',
      'http://a.b/c_d?e=f $5 50% 12/05 07:30',
    ];
    for (const text of [...texts, ...texts]) expect((await engine.speak({ ...hello, text })).length).toBeGreaterThan(0);
  });

  it('rejects an utterance that takes too long, replaces the worker and goes on with the next', async () => {
    const engine = await loadEngine({ utteranceTimeoutMs: 1 });
    const replies = await Promise.allSettled([engine.speak(hello), engine.speak(hello)]);
    for (const reply of replies) {
      expect(reply).toMatchObject({
        status: 'rejected',
        reason: { name: 'SpeechEngineError', message: 'no audio after 1 ms' },
      });
    }
  });

  it('rejects what is under way, what waits and what comes after close', async () => {
    const engine = await loadEngine();
    const pending = Promise.allSettled([engine.speak(hello), engine.speak(hello)]);
    await engine.close();
    expect((await pending).map((each) => each.status)).toEqual(['rejected', 'rejected']);
    await expect(engine.speak(hello)).rejects.toThrow('closed');
  });
});
