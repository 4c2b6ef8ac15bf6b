import type { SoakFigures } from './measure-soak.ts';

const MAX_VIOLATIONS = 50;

/** The report as people read it, in Markdown. */
export function writeReport(report: SoakFigures & { violations: readonly string[] }): string {
  const { violations, latencies, phases, memory, faults } = report;
  return `${[
    `# Soak of ${report.minutes} minutes, seed ${report.seed}`,
    `Begun ${report.startedAt}. \`npm run soak -- --minutes ${report.minutes} --seed ${report.seed}\``,
    `## Violations: ${violations.length}`,
    violations.length === 0 ? 'None.' : list(violations.slice(0, MAX_VIOLATIONS)),
    '## Counts',
    table(
      ['', 'count'],
      Object.entries(report.counts).map(([name, count]) => [name, String(count)]),
    ),
    table(
      ['last event', 'tasks'],
      Object.entries(report.statuses).map(([name, count]) => [name, String(count)]),
    ),
    '## Times, milliseconds',
    table(
      ['', 'count', 'p50', 'p95', 'max'],
      Object.entries(latencies).map(([name, { count, p50, p95, max }]) => [
        name,
        ...[count, p50, p95, max].map((ms) => String(Math.round(ms))),
      ]),
    ),
    `## Throughput: ${Math.round(report.shareOfCalm * 100)} % of calm`,
    table(
      ['phase', 'seconds', 'tasks finished', 'a second'],
      phases.map(({ name, seconds, finished, perSecond }) => [
        name,
        seconds.toFixed(0),
        String(finished),
        perSecond.toFixed(1),
      ]),
    ),
    '## Memory, MiB',
    table(
      ['process', 'most', 'a minute, in the last half of its life'],
      memory.map(({ name, maxMib, slopeMibPerMinute }) => [
        name,
        maxMib.toFixed(0),
        slopeMibPerMinute?.toFixed(1) ?? 'too short',
      ]),
    ),
    '## Faults as they were done',
    table(
      ['second', 'fault', ''],
      faults.map(({ atSeconds, name, detail }) => [atSeconds.toFixed(1), name, detail]),
    ),
  ].join('\n\n')}\n`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${item.replaceAll('\n', ' ').slice(0, 500)}`).join('\n');
}
