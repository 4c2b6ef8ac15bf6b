// A real API or worker that has loaded all of its code and waits for a word before it starts, so that a successor of a killed
// process is there in milliseconds. Its failpoints can be set anew at any time. Run as: node gated-app.mjs api|worker
import { writeSync } from 'node:fs';
import { createFailpoints, parseFailpoints, setFailpoints } from '@nightshift/resilience';

const STDOUT = 1;
const folder = new URL(`../../../apps/${process.argv[2]}/dist/`, import.meta.url);
const entry = process.argv[2] === 'api' ? 'run-api.js' : 'start-worker.js';
await Promise.all([entry, 'context.js', 'config.js'].map((file) => import(new URL(file, folder).href)));

process.on('disconnect', () => process.exit(1)); // whoever started us is gone
process.on('message', (message) => {
  if (typeof message.failpoints === 'string') {
    // Written at once, past every buffer: the next thing may be our end.
    const tell = (point) => writeSync(STDOUT, `[fault at ${point}]\n`);
    setFailpoints(createFailpoints(parseFailpoints(message.failpoints), tell));
    process.send({ armed: true });
  }
  if (message.start) {
    import(new URL('main.js', folder).href).catch((error) => {
      writeSync(STDOUT, `${error.stack}\n`);
      process.exit(1);
    });
  }
});
process.send({ loaded: true });
