import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { invalidSsml, parseBreakMs, parseProsody } from './parse-prosody.ts';
import { PLAIN_PROSODY, type Prosody, type SpeechPart } from './speech-part.ts';

/** What SSML says, and its text without tags, which is what Polly bills. */
export interface ParsedSsml {
  readonly parts: readonly SpeechPart[];
  readonly billedText: string;
}

interface XmlElement {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlNode[];
}

type XmlNode = XmlElement | string;

/** Deeper nesting than any speech needs. */
const MAX_SSML_DEPTH = 64;

const SENTENCE_PAUSE_MS = 200;
const PARAGRAPH_PAUSE_MS = 500;
const EMPHASIS: Readonly<Record<string, Partial<Prosody>>> = {
  strong: { rate: 0.8, gain: 1.4 },
  moderate: { rate: 0.9, gain: 1.2 },
  reduced: { rate: 1.1, gain: 0.75 },
};

/** Tags whose text is spoken as if they were not there: what they ask for is beyond this engine, or changes nothing. */
const TRANSPARENT_TAGS: ReadonlySet<string> = new Set([
  'lang',
  'w',
  'phoneme',
  'amazon:effect',
  'amazon:domain',
  'amazon:emotion',
  'amazon:auto-breaths',
  'amazon:breath',
  'mark',
]);

/** Polly answers "Unsupported Neural feature" to these with every engine but the standard one. */
const STANDARD_ONLY_TAGS: ReadonlySet<string> = new Set(['emphasis', 'amazon:auto-breaths', 'amazon:breath']);

/**
 * Reads SSML as Polly does: one `<speak>` with the tags of Polly's list inside. Throws PollyError InvalidSsmlException for anything that is not
 * well-formed XML or not in the list; `standardEngine` is false for neural and later engines, which know fewer tags.
 */
export function parseSsml(ssml: string, options: { readonly standardEngine: boolean }): ParsedSsml {
  if (/<!(?:DOCTYPE|ENTITY)/i.test(ssml)) throw invalidSsml('a document type');
  if (XMLValidator.validate(ssml) !== true) throw invalidSsml('not well-formed XML');
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseTagValue: false,
    parseAttributeValue: false,
    trimValues: false,
    ignoreDeclaration: true,
    ignorePiTags: true,
    htmlEntities: false,
  });
  const roots = readXmlNodes(parser.parse(ssml), 0).filter((node) => typeof node !== 'string' || node.trim() !== '');
  const [root] = roots;
  if (root === undefined || roots.length > 1 || typeof root === 'string' || root.tag !== 'speak') {
    throw invalidSsml('the root must be one <speak>');
  }
  const parts: SpeechPart[] = [];
  let billedText = '';
  const speakNodes = (nodes: readonly XmlNode[], prosody: Prosody): void => {
    for (const node of nodes) {
      if (typeof node === 'string') {
        billedText += node;
        addText(parts, node, prosody);
      } else {
        speakElement(node, prosody);
      }
    }
  };
  const speakElement = (element: XmlElement, prosody: Prosody): void => {
    const { tag, attributes, children } = element;
    if (
      !options.standardEngine &&
      (STANDARD_ONLY_TAGS.has(tag) || (tag === 'prosody' && attributes.pitch !== undefined))
    ) {
      throw invalidSsml(`Unsupported Neural feature: ${tag}`);
    }
    if (tag === 'break') {
      parts.push({ kind: 'pause', durationMs: parseBreakMs(attributes) });
    } else if (tag === 'prosody') {
      speakNodes(children, parseProsody(attributes, prosody));
    } else if (tag === 'emphasis') {
      const { rate = 1, gain = 1 } = EMPHASIS[attributes.level ?? 'moderate'] ?? {};
      speakNodes(children, { ...prosody, rate: prosody.rate * rate, gain: prosody.gain * gain });
    } else if (tag === 's' || tag === 'p') {
      speakNodes(children, prosody);
      parts.push({ kind: 'pause', durationMs: tag === 's' ? SENTENCE_PAUSE_MS : PARAGRAPH_PAUSE_MS });
    } else if (tag === 'sub' || tag === 'say-as') {
      const text = collectText(children);
      billedText += text;
      addText(parts, tag === 'sub' ? (attributes.alias ?? text) : readSayAs(text, attributes['interpret-as']), prosody);
    } else if (TRANSPARENT_TAGS.has(tag)) {
      speakNodes(children, prosody);
    } else {
      throw invalidSsml(`unknown tag <${tag}>`);
    }
  };
  speakNodes(root.children, PLAIN_PROSODY);
  return { parts, billedText };
}

/** Joins text to the part before it when it sounds the same, so that a tag in the middle of a sentence makes no pause. */
function addText(parts: SpeechPart[], text: string, prosody: Prosody): void {
  const last = parts.at(-1);
  const same =
    last?.kind === 'text' &&
    last.prosody.rate === prosody.rate &&
    last.prosody.pitch === prosody.pitch &&
    last.prosody.gain === prosody.gain;
  if (same) parts[parts.length - 1] = { ...last, text: last.text + text };
  else if (text.trim() !== '') parts.push({ kind: 'text', text, prosody });
}

function readSayAs(text: string, interpretAs: string | undefined): string {
  switch (interpretAs) {
    case 'characters':
    case 'spell-out':
    case 'digits':
    case 'telephone':
      return [...text].filter((char) => /[\p{L}\p{N}]/u.test(char)).join(' ');
    case 'expletive':
      return 'beep';
    default:
      return text;
  }
}

function collectText(nodes: readonly XmlNode[]): string {
  return nodes.map((node) => (typeof node === 'string' ? node : collectText(node.children))).join('');
}

/** Parses fast-xml-parser's ordered output: an array of `{tag: children, ':@': attributes}` and `{'#text': value}`. */
function readXmlNodes(value: unknown, depth: number): XmlNode[] {
  if (depth > MAX_SSML_DEPTH) throw invalidSsml('nested too deeply');
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: Readonly<Record<string, unknown>>): XmlNode[] => {
    const tag = Object.keys(entry).find((key) => key !== ':@');
    if (tag === undefined) return [];
    if (tag === '#text') return [String(entry[tag])];
    const attributes = (entry[':@'] ?? {}) as Readonly<Record<string, string>>;
    return [{ tag, attributes, children: readXmlNodes(entry[tag], depth + 1) }];
  });
}
