import { constants, type Stats } from 'node:fs';
import { access, lstat, readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { UsageError } from '../arguments/usage-error.ts';
import { mediaTypeOf } from './media-type.ts';

/** What API.md allows in one batch. */
const MAX_DOCUMENTS = 10_000;
const MAX_CUSTOM_ID_CHARS = 240;

/** A file to be analysed. */
export interface SourceDocument {
  /** Absolute. */
  readonly path: string;
  /** Unique in the batch: the path relative to the folder that was given, with `/` between its parts. */
  readonly customId: string;
  /** Without folders. */
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: number;
}

export interface CollectOptions {
  /** As typed. */
  readonly paths: readonly string[];
  /** What relative paths start from. */
  readonly cwd: string;
  /** Told of files that are left out. */
  readonly warn: (message: string) => void;
}

/**
 * Lists the files given and those of the folders given, in the order of their names. Hidden files and folders are left
 * out, so is what is not a file (a pipe would never end) or may not be read.
 * @throws UsageError when a path does not exist or may not be read, or no file is found
 */
export async function collectDocuments(options: CollectOptions): Promise<SourceDocument[]> {
  const found: { path: string; customId: string; bytes: number }[] = [];
  for (const typed of options.paths) {
    const path = resolve(options.cwd, typed);
    const what = await statTyped(path, typed, options.warn);
    if (what === undefined) continue;
    if (!(await isReadable(path, what.isDirectory()))) throw new UsageError(`${typed} may not be read by this user`);
    if (!what.isDirectory()) {
      if (!what.isFile()) throw new UsageError(`${typed} is neither a file nor a folder`);
      found.push({ path, customId: basename(path), bytes: what.size });
      continue;
    }
    const prefix = options.paths.length > 1 ? basename(path) : '';
    for (const file of await listFiles(path, options.warn, new Set())) {
      const inside = relative(path, file.path).split(sep).join('/');
      found.push({ ...file, customId: prefix === '' ? inside : `${prefix}/${inside}` });
    }
  }
  if (found.length === 0) throw new UsageError(`there are no files in ${options.paths.join(', ')}`);
  if (found.length > MAX_DOCUMENTS) {
    throw new UsageError(
      `${found.length} files are too many at once: at most ${MAX_DOCUMENTS}, give parts of the folder`,
    );
  }
  return nameUniquely(found);
}

/** A link that leads nowhere is left out: `papers/*` names it without anybody meaning it. A name nobody has is a slip. */
async function statTyped(path: string, typed: string, warn: (message: string) => void): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    const isLink = await lstat(path).then(
      (what) => what.isSymbolicLink(),
      () => false,
    );
    if (!isLink) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new UsageError(code === 'ENOENT' ? `${typed} does not exist` : `${typed}: ${message}`);
    }
    warn(`${path} is left out: it cannot be found`);
    return undefined;
  }
}

async function listFiles(
  folder: string,
  warn: (message: string) => void,
  visited: Set<string>,
): Promise<{ path: string; bytes: number }[]> {
  // A link may lead back to a folder above.
  const real = await realpath(folder);
  if (visited.has(real)) return [];
  visited.add(real);
  const files: { path: string; bytes: number }[] = [];
  for (const name of (await readdir(folder)).sort()) {
    if (name.startsWith('.')) continue;
    const path = join(folder, name);
    const what = await stat(path).catch(() => undefined);
    if (what === undefined) warn(`${path} is left out: it cannot be found`);
    else if (!what.isDirectory() && !what.isFile()) warn(`${path} is left out: not a file`);
    else if (!(await isReadable(path, what.isDirectory())))
      warn(`${path} is left out: it may not be read by this user`);
    else if (what.isDirectory()) files.push(...(await listFiles(path, warn, visited)));
    else files.push({ path, bytes: what.size });
  }
  return files;
}

async function isReadable(path: string, isFolder: boolean): Promise<boolean> {
  try {
    await access(path, isFolder ? constants.R_OK | constants.X_OK : constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** A file given twice counts once; different files with the same name are told apart by a number. */
function nameUniquely(found: readonly { path: string; customId: string; bytes: number }[]): SourceDocument[] {
  const taken = new Set<string>();
  const firstByPath = new Map([...found].reverse().map((file) => [file.path, file]));
  return found
    .filter((file) => firstByPath.get(file.path) === file)
    .map(({ path, customId, bytes }) => {
      const short = customId.length > MAX_CUSTOM_ID_CHARS ? `…${customId.slice(1 - MAX_CUSTOM_ID_CHARS)}` : customId;
      let unique = short.toWellFormed();
      for (let n = 2; taken.has(unique); n += 1) unique = `${short} (${n})`.toWellFormed();
      taken.add(unique);
      return { path, customId: unique, name: basename(path), mediaType: mediaTypeOf(path), bytes };
    });
}
