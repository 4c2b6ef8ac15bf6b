import { renderXml, type XmlElements } from '../xml/render-xml.ts';

export type ReplyBody =
  | { kind: 'none' }
  | { kind: 'text'; text: string }
  | { kind: 'stream'; chunks: AsyncIterable<Buffer> };

/** What an operation answers, as a value: one place sends it, and cuts or drops it when a test asks for that. */
export interface S3Reply {
  status: number;
  headers: Record<string, string>;
  body: ReplyBody;
  /** Gives back what the body holds open; called once, whether or not the body was sent. */
  release?: () => Promise<void>;
}

export function replyEmpty(status: number, headers: Record<string, string> = {}): S3Reply {
  return { status, headers, body: { kind: 'none' } };
}

export function replyXml(root: string, elements: XmlElements, headers: Record<string, string> = {}): S3Reply {
  return {
    status: 200,
    headers: { 'content-type': 'application/xml', ...headers },
    body: { kind: 'text', text: renderXml(root, elements) },
  };
}

export interface ErrorReplyInput {
  status: number;
  code: string;
  message: string;
  fields: Record<string, string>;
  headers: Record<string, string>;
  rawPath: string;
  requestId: string;
}

export function replyError(input: ErrorReplyInput): S3Reply {
  const text = renderXml('Error', {
    Code: input.code,
    Message: input.message,
    ...input.fields,
    Resource: input.rawPath,
    RequestId: input.requestId,
    HostId: 'local',
  });
  return {
    status: input.status,
    headers: { 'content-type': 'application/xml', ...input.headers },
    body: { kind: 'text', text },
  };
}
