import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type S3Server, type S3ServerOptions, startS3Server } from './start-s3-server.ts';

export interface TemporaryS3Server extends S3Server {
  dataDir: string;
  /** The first of the buckets asked for. */
  bucket: string;
  /** What `new S3Client(...)` needs to talk to this server. */
  clientOptions: {
    endpoint: string;
    region: string;
    forcePathStyle: true;
    credentials: { accessKeyId: string; secretAccessKey: string };
  };
}

/** Starts an S3 server for a test: own folder, own port, one bucket. Its `close` deletes the folder. */
export async function startTemporaryS3Server(options: Partial<S3ServerOptions> = {}): Promise<TemporaryS3Server> {
  const dataDir = await mkdtemp(join(tmpdir(), 'nightshift-s3-'));
  const region = options.region ?? 'eu-central-1';
  const credentials = {
    accessKeyId: options.accessKeyId ?? 'AKIALOCALTEST',
    secretAccessKey: options.secretAccessKey ?? 'local/test+secret',
  };
  const buckets = options.buckets ?? ['test-bucket'];
  const server = await startS3Server({ dataDir, region, ...credentials, ...options, buckets });
  return {
    ...server,
    dataDir: options.dataDir ?? dataDir,
    bucket: buckets[0] ?? 'test-bucket',
    clientOptions: { endpoint: server.url, region, forcePathStyle: true, credentials },
    close: async () => {
      await server.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
