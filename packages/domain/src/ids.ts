import { fromString, fromUUID, toUUID, typeidUnboxed } from 'typeid-js';

/** Every kind of id and its prefix (API.md, head). An id is a TypeID: prefix, `_`, 26 characters of a UUIDv7. */
export const ID_PREFIXES = [
  'task',
  'batch',
  'step',
  'art',
  'file',
  'dl',
  'key',
  'tenant',
  'worker',
  'audit',
  'req',
] as const;

export type IdPrefix = (typeof ID_PREFIXES)[number];
export type Id<P extends IdPrefix> = `${P}_${string}`;
export type TaskId = Id<'task'>;
export type BatchId = Id<'batch'>;
export type StepId = Id<'step'>;
export type ArtifactId = Id<'art'>;
export type FileId = Id<'file'>;
export type DeadLetterId = Id<'dl'>;
export type KeyId = Id<'key'>;
export type TenantId = Id<'tenant'>;
/** One life of one worker process: the lease belongs to it. */
export type Incarnation = Id<'worker'>;

const SUFFIX = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/** A new, time ordered id. */
export function createId<P extends IdPrefix>(prefix: P): Id<P> {
  return typeidUnboxed(prefix) as unknown as Id<P>;
}

/** Whether the text is an id of this kind, spelled exactly as we spell ids (lower case, no other alphabet). */
export function isId<P extends IdPrefix>(prefix: P, text: unknown): text is Id<P> {
  return (
    typeof text === 'string' &&
    text.length === prefix.length + 27 &&
    text.startsWith(`${prefix}_`) &&
    SUFFIX.test(text.slice(prefix.length + 1))
  );
}

/** The UUID (with dashes) that Postgres stores for this id. */
export function toUuid(id: Id<IdPrefix>): string {
  return toUUID(fromString(id));
}

/** The id for a UUID read from Postgres. */
export function fromUuid<P extends IdPrefix>(prefix: P, uuid: string): Id<P> {
  return fromUUID(uuid, prefix) as unknown as Id<P>;
}
