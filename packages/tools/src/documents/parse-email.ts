import iconv from 'iconv-lite';
import PostalMime, { type Address, type Attachment, type Email } from 'postal-mime';
import { decodeText, readCharsetParameter } from './decode-text.ts';
import { DocumentError } from './document-error.ts';
import type { DocumentPages } from './document-pages.ts';
import type { DocumentSource, ParsedDocument } from './document-source.ts';

/** Attachments whose text is appended; the others are listed only. */
const MAX_READ_ATTACHMENTS = 10;
/** Parts within parts; real messages stay below ten. */
const MAX_MIME_DEPTH = 32;

/** Reads an attachment as a document of its own. */
export type ReadAttachment = (source: DocumentSource) => Promise<DocumentPages>;

/** Reads an e-mail: its headers, its text, the list of its attachments, and the text of those that are documents. */
export async function parseEmail(source: DocumentSource, readAttachment: ReadAttachment): Promise<ParsedDocument> {
  const email = toWindows1252(await openEmail(toUtf8WhenUtf16(source)));
  const warnings: string[] = [];
  const parts = [layOutHeaders(email), await readBody(email)];
  const attachments = email.attachments.filter((attachment) => !isInlinePicture(attachment));
  if (attachments.length > 0) parts.push(listAttachments(attachments));
  for (const [i, attachment] of attachments.entries()) {
    const name = attachment.filename ?? `attachment ${i + 1}`;
    if (i >= MAX_READ_ATTACHMENTS) {
      warnings.push(`Only the first ${MAX_READ_ATTACHMENTS} attachments were read.`);
      break;
    }
    const text = await readAttachmentText(attachment, name, readAttachment, warnings);
    if (text !== undefined) parts.push(`## Attachment: ${name}\n\n${text}`);
  }
  const pages = [parts.filter((part) => part !== '').join('\n\n')];
  return { title: email.subject, pages, hasOwnPages: false, warnings };
}

async function openEmail(bytes: Uint8Array): Promise<Email> {
  try {
    return await PostalMime.parse(bytes, {
      maxNestingDepth: MAX_MIME_DEPTH,
      attachmentEncoding: 'arraybuffer',
      // A forwarded message is laid out like the one it came with; the parser's own wording dates in American style.
      forceRfc822Attachments: true,
    });
  } catch (error) {
    throw new DocumentError('document_damaged', 'This e-mail is damaged and cannot be read; export it again as .eml.', {
      cause: error,
    });
  }
}

/** Some programs save messages as UTF-16, in which no header would be found. */
function toUtf8WhenUtf16(source: DocumentSource): Uint8Array {
  const { text, charset } = decodeText(source.bytes.subarray(0, 4_096), readCharsetParameter(source.mediaType));
  if (!charset.startsWith('utf-16') && !text.startsWith('From ')) return source.bytes;
  const whole = charset.startsWith('utf-16') ? Buffer.from(decodeText(source.bytes).text, 'utf8') : source.bytes;
  return whole.subarray(text.startsWith('From ') ? whole.indexOf(0x0a) + 1 : 0);
}

/**
 * Mail that says iso-8859-1 is windows-1252 (the WHATWG rule), which Node 20's TextDecoder does not know: it leaves the
 * euro sign, quotes and dashes as control characters of the range C1, which no mail contains otherwise.
 */
function toWindows1252(email: Email): Email {
  const repair = (text: string): string =>
    text.replace(/[\u0080-\u009F]+/gu, (controls) => iconv.decode(Buffer.from(controls, 'latin1'), 'windows-1252'));
  return {
    ...email,
    ...(email.text === undefined ? {} : { text: repair(email.text) }),
    ...(email.html === undefined ? {} : { html: repair(email.html) }),
    ...(email.subject === undefined ? {} : { subject: repair(email.subject) }),
  };
}

function layOutHeaders(email: Email): string {
  const rows: [string, string][] = [
    ['From', email.from === undefined ? '' : toAddressText([email.from])],
    ['To', toAddressText(email.to ?? [])],
    ['Cc', toAddressText(email.cc ?? [])],
    ['Date', email.date ?? ''],
    ['Subject', email.subject ?? ''],
  ];
  return rows.flatMap(([name, value]) => (value === '' ? [] : [`${name}: ${value}`])).join('\n');
}

function toAddressText(addresses: readonly Address[]): string {
  return addresses
    .map((entry) => {
      if (entry.group !== undefined) return `${entry.name}: ${toAddressText(entry.group)}`;
      return entry.name === '' ? entry.address : `${entry.name} <${entry.address}>`;
    })
    .join(', ');
}

async function readBody(email: Email): Promise<string> {
  const text = email.text?.trim() ?? '';
  if (text !== '' || email.html === undefined) return text;
  const { convertHtml } = await import('./parse-html.ts');
  return convertHtml(email.html, { isFragment: true }).pages.join('\n\n');
}

/** Logos and signatures, which the message's own HTML shows. */
function isInlinePicture(attachment: Attachment): boolean {
  return (
    attachment.mimeType.startsWith('image/') && (attachment.related === true || attachment.disposition === 'inline')
  );
}

function listAttachments(attachments: readonly Attachment[]): string {
  const lines = attachments.map((attachment, i) => {
    const bytes = toBytes(attachment.content).length;
    return `- ${attachment.filename ?? `attachment ${i + 1}`} (${attachment.mimeType}, ${bytes} bytes)`;
  });
  return `Attachments:\n${lines.join('\n')}`;
}

async function readAttachmentText(
  attachment: Attachment,
  name: string,
  readAttachment: ReadAttachment,
  warnings: string[],
): Promise<string | undefined> {
  try {
    const bytes = toBytes(attachment.content);
    const document = await readAttachment({ bytes, name, mediaType: attachment.mimeType });
    warnings.push(...document.warnings.map((warning) => `Attachment ${name}: ${warning}`));
    return document.pages.join('\n\n');
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    warnings.push(`Attachment ${name} was not read: ${error.message}`);
    return undefined;
  }
}

function toBytes(content: Attachment['content']): Uint8Array {
  if (typeof content === 'string') return Buffer.from(content, 'utf8');
  return content instanceof Uint8Array ? content : new Uint8Array(content);
}
