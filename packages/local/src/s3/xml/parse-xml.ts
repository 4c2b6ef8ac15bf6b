import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { S3Error } from '../s3-error.ts';

const REPEATED = new Set(['Part', 'Object']);

/**
 * Parses a request document and returns what is inside its root element.
 * @throws S3Error `MalformedXML` when it is not well-formed, has a document type (entities have no place here) or another root
 */
export function parseXml(text: string, root: string): XmlElement {
  if (/<!DOCTYPE/i.test(text) || XMLValidator.validate(text) !== true) throw new S3Error('MalformedXML');
  const parser = new XMLParser({
    parseTagValue: false,
    trimValues: false,
    ignoreDeclaration: true,
    htmlEntities: true,
    // The limits are against entities a document defines; there is no document type here, only many quoted ETags.
    processEntities: { enabled: true, maxTotalExpansions: Infinity, maxExpandedLength: Infinity },
    isArray: (name) => REPEATED.has(name),
  });
  const parsed: unknown = parser.parse(text);
  const element = isRecord(parsed) ? parsed[root] : undefined;
  if (element === undefined) throw new S3Error('MalformedXML');
  return new XmlElement(element);
}

/** A parsed element that answers only to what was asked of it, so that no shape of the input is taken on trust. */
export class XmlElement {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  /** The text of a child, or undefined when there is none. */
  text(name: string): string | undefined {
    const child = isRecord(this.#value) ? this.#value[name] : undefined;
    return typeof child === 'string' ? child : undefined;
  }

  /** The children of a repeated element. */
  children(name: string): XmlElement[] {
    const child = isRecord(this.#value) ? this.#value[name] : undefined;
    return Array.isArray(child) ? child.map((value: unknown) => new XmlElement(value)) : [];
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
