import { XMLBuilder } from 'fast-xml-parser';

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** Elements by name; an array repeats its element, undefined leaves it out. */
export interface XmlElements {
  [name: string]: string | number | boolean | undefined | XmlElements | readonly (XmlElements | string)[];
}

/** Renders one answer document of the S3 API. An error document has no namespace, every other has. */
export function renderXml(root: string, elements: XmlElements): string {
  const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@', suppressEmptyNode: true });
  const content = root === 'Error' ? elements : { '@xmlns': NAMESPACE, ...elements };
  // The builder writes no white space of its own, so what is left is in a key: a reader would normalise it away.
  return DECLARATION + escapeControls(builder.build({ [root]: content }));
}

function escapeControls(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => `&#x${char.charCodeAt(0).toString(16).toUpperCase()};`);
}
