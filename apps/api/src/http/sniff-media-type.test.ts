import { describe, expect, it } from 'vitest';
import { sniffMediaType } from './sniff-media-type.ts';

const sniff = (head: string, declared: string, name: string) =>
  sniffMediaType(Buffer.from(head, 'latin1'), declared, name);

describe('sniffMediaType', () => {
  it.each([
    ['%PDF-1.4', 'text/plain', 'a.txt', 'application/pdf'],
    ['plain', 'application/pdf', 'a.pdf', 'application/pdf'],
    ['plain', '', 'a.pdf', 'application/octet-stream'],
    ['PK\x03\x04', '', 'a.docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
    ['PK\x03\x04', 'application/vnd.x', 'a.docx', 'application/vnd.x'],
    ['PK\x03\x04', '', 'a.bin', 'application/zip'],
    ['Subject: x', '', 'mail.EML', 'message/rfc822'],
    ['', '', 'noname', 'application/octet-stream'],
  ])('takes %j, declared %j and named %j for %s', (head, declared, name, mediaType) => {
    expect(sniff(head, declared, name)).toBe(mediaType);
  });
});
