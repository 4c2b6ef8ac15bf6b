import { describe, expect, it } from 'vitest';
import { parseSsml } from './parse-ssml.ts';

const standard = { standardEngine: true };

describe('parseSsml', () => {
  it('joins text that sounds the same and bills it without its tags', () => {
    const { parts, billedText } = parseSsml(
      '<speak>One <lang xml:lang="de-DE">zwei</lang> <w role="amazon:VB">read</w>.</speak>',
      standard,
    );
    expect(parts).toEqual([{ kind: 'text', text: 'One zwei read.', prosody: { rate: 1, pitch: 1, gain: 1 } }]);
    expect(billedText).toBe('One zwei read.');
  });

  it('reads the five XML entities', () => {
    expect(parseSsml('<speak>a &amp; b &lt; c</speak>', standard).billedText).toBe('a & b < c');
  });

  it('turns breaks and paragraphs into pauses', () => {
    const { parts } = parseSsml('<speak><p>One.</p><break time="1.5s"/><break strength="none"/>Two.</speak>', standard);
    expect(parts.map((part) => (part.kind === 'pause' ? part.durationMs : part.text))).toEqual([
      'One.',
      500,
      1500,
      0,
      'Two.',
    ]);
  });

  it('multiplies nested prosody', () => {
    const ssml =
      '<speak><prosody rate="50%"><prosody pitch="+10%" volume="+6dB" rate="fast">x</prosody></prosody></speak>';
    const [part] = parseSsml(ssml, standard).parts;
    expect(part).toMatchObject({ kind: 'text', prosody: { rate: 0.625, pitch: 1.1 } });
    expect(part?.kind === 'text' && part.prosody.gain).toBeCloseTo(1.995, 2);
  });

  it('speaks the alias, spells characters and bills what is written', () => {
    const ssml =
      '<speak><sub alias="World Wide Web Consortium">W3C</sub> <say-as interpret-as="characters">ab1</say-as></speak>';
    const { parts, billedText } = parseSsml(ssml, standard);
    expect(parts).toMatchObject([{ text: 'World Wide Web Consortium a b 1' }]);
    expect(billedText).toBe('W3C ab1');
  });

  it.each([
    ['no root', 'Hello'],
    ['another root', '<say>Hello</say>'],
    ['two roots', '<speak>a</speak><speak>b</speak>'],
    ['an open tag', '<speak>Hello <break></speak>'],
    ['a bare ampersand', '<speak>Müller & Söhne</speak>'],
    ['an unknown tag', '<speak><blink>x</blink></speak>'],
    ['an unsupported tag', '<speak><audio src="x"/></speak>'],
    ['a break over ten seconds', '<speak><break time="11s"/></speak>'],
    ['a break without a unit', '<speak><break time="2"/></speak>'],
    ['a wrong rate', '<speak><prosody rate="quickly">x</prosody></speak>'],
    ['a document type', '<!DOCTYPE speak [<!ENTITY a "b">]><speak>&a;</speak>'],
    ['nothing', ''],
  ])('throws InvalidSsmlException for %s', (_what, ssml) => {
    expect(() => parseSsml(ssml, standard)).toThrow(expect.objectContaining({ type: 'InvalidSsmlException' }));
  });

  it('refuses what neural voices cannot do', () => {
    const ssml = '<speak><emphasis>x</emphasis></speak>';
    expect(() => parseSsml(ssml, { standardEngine: false })).toThrow(/Unsupported Neural feature/);
    expect(parseSsml(ssml, standard).billedText).toBe('x');
  });
});
