import type { Json } from '@nightshift/domain';
import type { ClaimedTask } from '@nightshift/store';

/** Why a condemned task is not run again, for people: how often its processes died, and of what when that is known. */
export function describeDeaths({ deaths, suspicion, history }: Pick<ClaimedTask, 'deaths' | 'suspicion' | 'history'>) {
  const count = Math.max(deaths, suspicion);
  const how = history.flatMap((entry) => toCause(entry)).at(-1);
  const last = how === undefined ? '' : ` The last one ran nothing else: ${how}.`;
  return `${count} processes died while running this task.${last}`;
}

function toCause(entry: Json): string[] {
  const death = isObject(entry) ? entry.death : undefined;
  if (!isObject(death) || death.alone !== true || typeof death.detail !== 'string') return [];
  return [death.detail];
}

function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
