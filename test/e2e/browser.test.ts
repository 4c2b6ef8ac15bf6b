import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../support/find-chromium.ts';
import { createSampleDocument } from '../support/sample-document.ts';
import { type System, startSystem } from '../support/start-system.ts';

/** What a product would ship: a page of another origin that watches a task with the browser's own EventSource. */
const PAGE = `<!doctype html><title>watch</title><pre id="log"></pre><script>
  window.seen = [];
  window.watchTask = (url) => {
    const source = new EventSource(url);
    const types = ['task.queued','task.started','task.resumed','turn.started','turn.completed','turn.voided','text.delta',
      'text.completed','tool.started','tool.progress','tool.completed','tool.failed','artifact.started','artifact.chunk',
      'artifact.completed','speech.started','speech.audio','speech.ended','task.completed','task.failed'];
    for (const type of types) source.addEventListener(type, (event) => {
      window.seen.push({ id: Number(event.lastEventId), type });
      document.getElementById('log').textContent += event.lastEventId + ' ' + type + '\\n';
    });
    window.source = source;
  };
</script>`;

const executablePath = await findChromium();
let system: System;
let browser: Browser;
let pages: Server;

describe.skipIf(!executablePath)('the EventSource of a browser', () => {
  beforeAll(async () => {
    if (!executablePath) return;
    system = await startSystem({ workers: 1, model: { streamDelayMs: 10 } });
    pages = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(PAGE));
    await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
    browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'],
    });
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    pages?.close();
    await system?.stop();
  });

  it('sees every event once, across an API that is killed and comes back, and stops by itself at the end', async () => {
    const task = await system.api.submitDocument('agreement.md', createSampleDocument(2));
    const { token } = await system.api.json<{ token: string }>('POST', `/v1/tasks/${task.id}/stream-tokens`, {});
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}/`);
    await page.evaluate(`watchTask('${system.api.baseUrl}/v1/tasks/${task.id}/events?access_token=${token}')`);
    await page.waitForFunction('seen.length > 5');
    system.apiService.kill('SIGKILL');
    await system.apiService.exited;
    await system.startApi();
    await page.waitForFunction("seen.some((event) => event.type === 'task.completed')", undefined, { timeout: 60_000 });
    await page.waitForFunction('source.readyState === EventSource.CLOSED', undefined, { timeout: 60_000 });
    const seen = await page.evaluate<{ id: number; type: string }[]>('seen');
    const log = await system.api.json<{ data: { sequence_number: number; type: string }[] }>(
      'GET',
      `/v1/tasks/${task.id}/events?limit=1000`,
    );
    expect(seen).toEqual(log.data.map((event) => ({ id: event.sequence_number, type: event.type })));
  }, 150_000);
});
