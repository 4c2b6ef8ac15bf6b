import { describe, expect, it } from 'vitest';
import { isTestCode, listSourceFiles, readProjectFile } from './project-files.ts';

/** What asks a vendor for something, by the folder of the one package that may. */
const VENDOR_CALLS: Record<string, RegExp> = {
  'packages/store/src/': /\b(?:db|client|pool|tx|session)\.(?:query(?:<[^(]*>)?|connect)\(/g,
  'packages/queue/src/': /\.addBulk\(|\.getWaitingCount\(|options\.process\(/g,
  'packages/streams/src/': /\b(?:commands|subscriber)\.(?!on\b|off\b|disconnect\b)\w+\(|\brun\.call\(/g,
  'packages/artifacts/src/': /new S3Client\(/g,
  'packages/model/src/': /\bmessages\.create\(/g,
  'packages/tools/src/': /new PollyClient\(/g,
};

/** Calls without points, and why none is needed there. */
const WITHOUT_POINTS: Record<string, string> = {
  'packages/store/src/migrate.ts': 'runs before any task does, in a transaction of its own',
  'packages/store/src/dump-schema.ts': 'a development tool',
  'packages/store/src/in-transaction.ts: client.query(': 'the roll-back: its reply decides nothing',
  'packages/store/src/in-transaction.ts: pool.connect(': 'has sent nothing',
  'packages/store/src/open-transaction.ts: client.query(': 'the roll-back: its reply decides nothing',
  'packages/store/src/open-transaction.ts: pool.connect(': 'has sent nothing',
  'packages/streams/src/cancel-channel.ts: subscriber.subscribe(': 'repeated by ioredis until it is answered',
  'packages/streams/src/live-channels.ts: subscriber.unsubscribe(': 'nobody waits for it',
  'packages/streams/src/subscribe-live.ts: subscriber.ping(': 'only asks whether the connection is alive',
  'packages/streams/src/scan-streams.ts: commands.pttl(': 'read with the scan, in one round trip',
};

/** How far before a call its wrapper may begin. */
const REACH_CHARS = 200;

describe('failpoints', () => {
  const files = listSourceFiles().filter((file) => !isTestCode(file));

  it.each(Object.keys(VENDOR_CALLS))('are around every call to the vendor in %s', (folder) => {
    const calls = files
      .filter((file) => file.startsWith(folder))
      .flatMap((file) => findCalls(file, readProjectFile(file), VENDOR_CALLS[folder] ?? /$^/));
    expect(calls.length).toBeGreaterThan(0);
    expect(
      calls.filter((call) => !call.wrapped && !isExcused(call)).map(({ file, text }) => `${file}: ${text}`),
    ).toEqual([]);
  });

  it('are missing only where a reason is given, and every reason is needed', () => {
    const calls = Object.entries(VENDOR_CALLS).flatMap(([folder, pattern]) =>
      files
        .filter((file) => file.startsWith(folder))
        .flatMap((file) => findCalls(file, readProjectFile(file), pattern)),
    );
    const unused = Object.keys(WITHOUT_POINTS).filter(
      (excuse) =>
        !calls.some(({ file, text, wrapped }) => !wrapped && (excuse === file || excuse === `${file}: ${text}`)),
    );
    expect(unused.filter((excuse) => files.includes(excuse.split(': ')[0] ?? ''))).toEqual([]);
  });
});

interface VendorCall {
  file: string;
  text: string;
  wrapped: boolean;
}

function findCalls(file: string, source: string, pattern: RegExp): VendorCall[] {
  return [...source.matchAll(pattern)].map((match) => {
    const before = source.slice(Math.max(0, match.index - REACH_CHARS), match.index);
    const inArguments = /(?:callWithFailpoints|addFailpoints)\((?:(?!;\n)[\s\S])*$/.test(before);
    const named = /const (\w+) = \(\) => [^;]*$/.exec(before)?.[1];
    const handedOver = named !== undefined && new RegExp(`callWithFailpoints\\([^;]*\\b${named}\\b`).test(source);
    const inClient = match[0].startsWith('new ') && /client\.middlewareStack\.add/.test(source);
    return { file, text: match[0].replace(/<[^(]*>/, ''), wrapped: inArguments || handedOver || inClient };
  });
}

function isExcused({ file, text }: VendorCall): boolean {
  return file in WITHOUT_POINTS || `${file}: ${text}` in WITHOUT_POINTS;
}
