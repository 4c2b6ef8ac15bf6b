import { GENERAL, PEOPLE } from './handbook-general.mjs';
import { SYSTEMS } from './handbook-systems.mjs';

/** Chapter number in the handbook; sections are 7.1, 7.2, ... */
const CHAPTER = 7;
const LOG_DAYS = 184;
const FIRST_LOG_DAY = Date.UTC(2025, 6, 1);
const DAY_MS = 86_400_000;

/** A repeatable source of choices (mulberry32): the same handbook comes out on every run. */
function createChooser(seed) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    number: (low, high, decimals = 0) => (low + next() * (high - low)).toFixed(decimals),
    pick: (list) => list[Math.floor(next() * list.length)],
    chance: (share) => next() < share,
  };
}

const upper = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const decimalsOf = (high, low) => (high - low < 10 ? 1 : 0);
const withUnit = (value, unit) => (unit === '' ? `${value}` : `${value} ${unit}`);

/** The whole chapter as Markdown: general part, one section a system, alarm list, calendar, shift log. */
export function makeHandbook() {
  const chooser = createChooser(20_260_301);
  const sections = [
    ...GENERAL.map(([heading, paragraphs], i) => `## ${CHAPTER}.${i + 1} ${heading}\n\n${paragraphs.join('\n\n')}`),
    ...SYSTEMS.map((system, i) => describeSystem(system, `${CHAPTER}.${GENERAL.length + i + 1}`, chooser)),
    listAlarms(chooser),
    writeCalendar(),
    writeShiftLog(chooser),
  ];
  const head = [
    '# Operations Handbook, Chapter 7: Plant and Equipment',
    'Norrvik Fresh Logistics A/S, cold store Ravnholm. Edition 14, valid from 1 March 2026. Responsible for this chapter: Aksel Thorup, technical manager. Printed copies are not updated.',
    `This chapter has ${GENERAL.length + SYSTEMS.length} sections and three annexes: the list of alarms (A), the maintenance calendar (B) and extracts from the shift log of the second half of 2025 (C), which are used in training.`,
  ];
  return `${[...head, ...sections].join('\n\n')}\n`;
}

function describeSystem(system, number, chooser) {
  const parts = [
    `## ${number} ${system.name}`,
    `### ${number}.1 Purpose and place\n\n${system.purpose.join(' ')} The system has the prefix ${system.tag} on all labels and drawings and is found here: ${system.place}.`,
    `### ${number}.2 Who looks after it\n\n${describeKeeper(system, chooser)}`,
    `### ${number}.3 Normal values\n\n${tabulateReadings(system)}\n\n${system.readings.map((reading) => explainReading(reading, system, chooser)).join('\n\n')}`,
    `### ${number}.4 Putting into service\n\n${numbered(system.start)}`,
    `### ${number}.5 Taking out of service\n\n${numbered(system.stop)}\n\n${chooser.pick(CLOSING_LINES)}`,
    `### ${number}.6 Regular work\n\n${tabulateTasks(system)}\n\n${describeTasks(system, chooser)}`,
    `### ${number}.7 Faults and what to do\n\n${system.faults.map((fault, i) => explainFault(fault, i, chooser)).join('\n\n')}`,
    `### ${number}.8 What we have learned\n\n${system.lesson.join(' ')}`,
  ];
  return parts.join('\n\n');
}

const CLOSING_LINES = [
  'Tell the control room by telephone when it is done; the tablet alone is not enough, because nobody looks at it during a handover.',
  'Write the time and the reason in the log. "Out of service" without a reason has cost us more hours than any fault.',
  'If it is to stay out of service for more than one shift, the keeper of the system decides what replaces it meanwhile.',
  'Hang the blue card on the panel, with your name and the expected time of return.',
];

function describeKeeper(system, chooser) {
  const deputy = chooser.pick(PEOPLE);
  const first = chooser.pick(PEOPLE.filter((name) => name !== deputy));
  const days = chooser.pick(['two days', 'three days', 'one week', 'four shifts']);
  return [
    `In daily operation ${system.keeper} is responsible. ${first} is the keeper of the system, which means that changes to settings, drawings and this section go through this one person; the deputy is ${deputy}.`,
    `New colleagues are trained for ${days} beside an experienced one and then show the keeper, without help, the steps of parts 4 and 5 and the answers to at least three of the faults in part 7. The training is repeated after an absence of more than six months and after every change that is marked in the margin.`,
  ].join(' ');
}

function tabulateReadings(system) {
  const rows = system.readings.map(([name, unit, low, high]) => `| ${name} | ${unit || '-'} | ${low} | ${high} |`);
  return ['| Reading | Unit | Lower limit | Upper limit |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function explainReading([name, unit, low, high, lowMeaning, highMeaning], system, chooser) {
  const minutes = chooser.pick([5, 10, 15, 20, 30]);
  const where = chooser.pick(['at the local display', 'on the second page of the panel', 'in the control room', 'at the instrument itself']);
  const span = withUnit(`${low} to ${high}`, unit);
  const middle = withUnit(chooser.number(low + (high - low) * 0.4, low + (high - low) * 0.6, decimalsOf(high, low)), unit);
  const opening = chooser.pick([
    `**${name}** is read ${where} and should lie between ${low} and ${withUnit(high, unit)}; on an ordinary day it stands near ${middle}.`,
    `For **${name.toLowerCase()}** the range is ${span}. Read it ${where}. Values around ${middle} are usual when nothing special is going on.`,
    `**${name}**: ${span}, read ${where}. In the records of 2025 it was close to ${middle} for most of the time.`,
  ]);
  const below = chooser.pick([
    `When it is lower, ${lowMeaning}.`,
    `A value below ${withUnit(low, unit)} usually means that ${lowMeaning}.`,
    `If it falls under the limit, think first of this: ${lowMeaning}.`,
  ]);
  const above = chooser.pick([
    `When it is higher, ${highMeaning}; read it again after ${minutes} minutes and act if it has not turned.`,
    `Above ${withUnit(high, unit)}, ${highMeaning}. Do not wait longer than ${minutes} minutes before you tell ${system.keeper}.`,
    `If it rises over the limit, ${highMeaning}. Note the time: after ${minutes} minutes the shift leader has to know.`,
  ]);
  return `${opening} ${below} ${above}`;
}

function numbered(steps) {
  return steps.map((step, i) => `${i + 1}. ${step}`).join('\n');
}

function tabulateTasks(system) {
  const rows = system.tasks.map(([interval, who, what]) => `| ${upper(interval)} | ${upper(who)} | ${upper(what)} |`);
  return ['| Interval | Who | What |', '| --- | --- | --- |', ...rows].join('\n');
}

function describeTasks(system, chooser) {
  const [interval, who] = chooser.pick(system.tasks);
  const hours = chooser.number(1, 9, 1);
  return chooser.pick([
    `Plan about ${hours} hours a month for this work. If a date cannot be kept, it may be moved once, by no more than a tenth of the interval, and the new date is entered before the old one has passed.`,
    `The record for the work done ${interval} is kept for five years. It names the ${who}, the values before and after, and the parts used. A tick without a value is treated as not done.`,
    `About ${hours} hours a month are needed. The work done ${interval} is never combined with a repair, because the haste of the one spoils the care of the other.`,
  ]);
}

function explainFault([sign, cause, remedy], index, chooser) {
  const share = chooser.number(15, 70);
  const lead = chooser.pick(['Sign', 'What you notice', 'Observation']);
  const comment = chooser.pick([
    `This accounts for roughly ${share} per cent of such cases; if it is something else, stop and ask.`,
    'Write down what you saw before you touch anything, because the sign is often gone afterwards.',
    'If it comes back within a week, the keeper of the system is told, even when the remedy worked both times.',
    `In the last two years it happened ${chooser.number(2, 14)} times, mostly at night or after a change of settings.`,
    'Do not do this alone between 22:00 and 05:00; ask the control room for a second person.',
  ]);
  return `${index + 1}. **${lead}:** ${sign}. **Usual cause:** ${cause}. **Remedy:** ${remedy}. ${comment}`;
}

function listAlarms(chooser) {
  const rows = SYSTEMS.flatMap((system) =>
    system.readings.flatMap(([name, unit, low, high, lowMeaning, highMeaning], i) => [
      `| ${system.tag}-${i + 1}L | ${name} below ${withUnit(low, unit)} | ${chooser.pick([2, 3, 3])} | ${chooser.pick([10, 15, 30, 60])} min | ${upper(lowMeaning)} |`,
      `| ${system.tag}-${i + 1}H | ${name} above ${withUnit(high, unit)} | ${chooser.pick([1, 2, 2])} | ${chooser.pick([3, 5, 10, 15])} min | ${upper(highMeaning)} |`,
    ]),
  );
  return [
    `## Annex A: List of alarms`,
    'Priority 1 wakes somebody up, priority 2 is dealt with in the same shift, priority 3 by the next working day. The time is the longest that may pass before a person has looked.',
    ['| Alarm | Condition | Priority | Look within | Think first of |', '| --- | --- | --- | --- | --- |', ...rows].join('\n'),
  ].join('\n\n');
}

function writeCalendar() {
  const weeks = Array.from({ length: 52 }, (_, week) => {
    const monday = new Date(Date.UTC(2026, 0, 5) + week * 7 * DAY_MS);
    const first = SYSTEMS[week % SYSTEMS.length];
    const second = SYSTEMS[(week * 5 + 3) % SYSTEMS.length];
    const firstTask = first.tasks[2 + (Math.floor(week / SYSTEMS.length) % 2)];
    const secondTask = second.tasks[1 + (Math.floor(week / SYSTEMS.length) % 3)];
    const items = [`${first.name}: ${firstTask[2]} (${firstTask[1]}).`];
    if (second !== first) items.push(`${second.name}: ${secondTask[2]} (${secondTask[1]}).`);
    return `- **Week ${week + 1}**, from ${toDay(monday)}: ${items.join(' ')}`;
  });
  return `## Annex B: Maintenance calendar 2026\n\nDaily and weekly work is not listed. A week that contains a public holiday is closed on its Friday instead of its last working day.\n\n${weeks.join('\n')}`;
}

function toDay(date) {
  return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
}

function writeShiftLog(chooser) {
  const days = Array.from({ length: LOG_DAYS }, (_, day) => {
    const date = new Date(FIRST_LOG_DAY + day * DAY_MS);
    const leader = chooser.pick(PEOPLE);
    const shift = chooser.pick(Object.keys(FIRST_HOUR));
    const at = Array.from({ length: 2 }, () => clock(chooser, shift)).sort((a, b) => toMinutes(a, shift) - toMinutes(b, shift));
    const entries = [writeFaultEntry(chooser, at[0]), writeReadingEntry(chooser, at[1])];
    if (chooser.chance(0.55)) entries.push(writeTaskEntry(chooser));
    const isWinter = date.getUTCMonth() >= 10;
    entries.push(chooser.pick(isWinter ? [...SMALL_EVENTS, ...WINTER_EVENTS] : SMALL_EVENTS)(chooser));
    const weekday = date.toLocaleDateString('en-GB', { weekday: 'long', timeZone: 'UTC' });
    return `### ${weekday}, ${toDay(date)}, ${shift} shift\n\nShift leader: ${leader}. ${entries.join(' ')}`;
  });
  return `## Annex C: Extracts from the shift log, July to December 2025\n\nOne shift of each day was chosen for training. Names are those of the shift; a number in brackets is the section that applies.\n\n${days.join('\n\n')}`;
}

const FIRST_HOUR = { early: 6, late: 14, night: 22 };

function clock(chooser, shift) {
  const hour = (FIRST_HOUR[shift] + Number(chooser.number(0, 7))) % 24;
  return `${String(hour).padStart(2, '0')}:${String(chooser.number(0, 59)).padStart(2, '0')}`;
}

/** Minutes since the shift began, so that 00:30 follows 23:50. */
function toMinutes(time, shift) {
  const [hours, minutes] = time.split(':').map(Number);
  return ((hours - FIRST_HOUR[shift] + 24) % 24) * 60 + minutes;
}

function sectionOf(system) {
  return `${CHAPTER}.${GENERAL.length + SYSTEMS.indexOf(system) + 1}`;
}

function writeFaultEntry(chooser, time) {
  const system = chooser.pick(SYSTEMS);
  const [sign, cause, remedy] = chooser.pick(system.faults);
  const who = chooser.pick(PEOPLE);
  const minutes = chooser.number(10, 190);
  const ending = chooser.pick([
    `In order again after ${minutes} minutes.`,
    `It took ${minutes} minutes; no goods were affected.`,
    `Finished after ${minutes} minutes, to be watched until the weekend.`,
    `The remedy worked after ${minutes} minutes. ${chooser.pick(PEOPLE)} has ordered the part.`,
  ]);
  return chooser.pick([
    `${time}: ${who} reports from ${system.name.toLowerCase()} (${sectionOf(system)}): ${sign}. The cause was again ${cause}. ${ending}`,
    `${time}: At ${system.name.toLowerCase()}, ${sign}. ${who} looked for ${cause} and found it. We followed the handbook (${sectionOf(system)}.7): ${remedy}. ${ending}`,
    `${time}: Call from ${who}: ${sign} (${sectionOf(system)}). Not the usual cause this time, but ${chooser.pick(['a loose terminal', 'a wrong setting from the day before', 'a valve that somebody had closed', 'a cable under a pallet', 'dirt after the cleaning'])}. ${ending}`,
  ]);
}

function writeReadingEntry(chooser, time) {
  const system = chooser.pick(SYSTEMS);
  const [name, unit, low, high, , highMeaning] = chooser.pick(system.readings);
  const decimals = decimalsOf(high, low);
  const value = withUnit(chooser.number(high, high + (high - low) * 0.25, decimals), unit);
  const back = withUnit(chooser.number(low + (high - low) * 0.5, high, decimals), unit);
  return chooser.pick([
    `${name} of ${system.tag} was ${value} at ${time} (limit ${withUnit(high, unit)}) and ${back} an hour later, without any action.`,
    `${time}: ${name.toLowerCase()} of ${system.tag} at ${value}. According to the table ${highMeaning}; that was the case. Down to ${back} before the handover.`,
    `Values of ${system.name.toLowerCase()} were normal all shift, ${name.toLowerCase()} ${back}.`,
    `${time}: ${system.tag} ${name.toLowerCase()} ${value}, alarm acknowledged by ${chooser.pick(PEOPLE)}, limit not changed.`,
  ]);
}

function writeTaskEntry(chooser) {
  const system = chooser.pick(SYSTEMS);
  const [interval, who, what] = chooser.pick(system.tasks);
  return chooser.pick([
    `Done as planned on ${system.tag}: ${what} (${interval}, ${who}).`,
    `Work on ${system.tag} moved to ${chooser.pick(['Monday', 'Thursday', 'next week', 'the day after tomorrow'])}: ${what}. Reason: ${chooser.pick(['no second person', 'storm', 'part not delivered', 'too many lorries', 'the contractor was ill'])}.`,
  ]);
}

const SMALL_EVENTS = [
  (c) => `${c.number(2, 9)} lorries waited longer than an hour because of ${c.pick(['fog', 'roadworks on route 541', 'a broken tail lift at dock 9', 'missing customs papers', 'an accident near Hobro'])}.`,
  (c) => `Visit by ${c.pick(['the veterinary inspector', 'an auditor of a supermarket chain', 'the insurer', 'a school class', 'the fire brigade'])}, ${c.number(2, 24)} people, without remarks.`,
  (c) => `${c.pick(PEOPLE)} went home with a cold; ${c.pick(PEOPLE)} stayed until ${c.pick(['18:00', '22:30', '02:00', '08:00'])}.`,
  (c) => `${c.number(12, 96)} pallets of ${c.pick(['salmon', 'peas', 'ice cream', 'strawberries', 'butter', 'tulips', 'pizza', 'cod'])} blocked because of ${c.pick(['wrong labels', 'wet cartons', 'a missing certificate', 'a temperature of two degrees above the order'])}; the quality manager decides tomorrow.`,
  (c) => `Near miss: ${c.pick(['a pedestrian in the truck aisle of block C', 'a knife left on a pallet', 'a door opened by hand during its cycle', 'a glove caught in the film wrapper', 'a reach truck without horn'])}. Half a page has been written.`,
  (c) => `Fire drill in ${c.pick(['building A', 'building B', 'the office'])}: ${c.number(19, 88)} people out in ${c.number(2, 5)} minutes ${c.number(5, 55)} seconds.`,
  (c) => `Power price above two kroner from ${c.pick(['16:00', '17:00', '18:00'])}; the controller let the frozen chambers drift by ${c.number(0.4, 1.1, 1)} degrees as intended.`,
  (c) => `Permit ${c.number(480, 620)} issued for ${c.pick(['welding at dock 3', 'work in the pumping pit', 'a new cable tray in building C', 'roof inspection', 'opening of pump 2'])}, returned in time.`,
  (c) => `Found: ${c.pick(['a set of keys with a whale', 'one left glove, size ten', 'a lunch box with a note in Polish', 'reading glasses at the coffee machine'])}. It is in the control room.`,
  () => 'Nothing else worth mentioning, and that is worth mentioning.',
];

const WINTER_EVENTS = [
  (c) => `Snow, ${c.number(4, 22)} centimetres; gate ${c.pick([1, 2])} was cleared within ${c.number(20, 55)} minutes.`,
  (c) => `Frost, minus ${c.number(4, 13)} degrees; the basin of condenser 3 was drained and the shift telephone has the warning.`,
];
