import { expect, it } from 'vitest';
import { writeJournal } from '../../src/agent/guard-journal.ts';
import { messageIds } from '../../src/guard/message-ids.ts';
import { runProgram } from '../../src/system/run-program.ts';

it('an entry is found by its id, with its fields', async () => {
  const image = `quay.io/ex/app:${process.pid}`;
  await writeJournal({
    name: 'image-damaged',
    text: `${image} is damaged.`,
    fields: { BOUND_IMAGES_IMAGE: image },
  });
  expect(await runProgram('journalctl', ['--sync'])).toMatchObject({ exitCode: 0 });
  const { id } = messageIds['image-damaged'];
  const argv = [`MESSAGE_ID=${id}`, `BOUND_IMAGES_IMAGE=${image}`, '--output=json', '--no-pager'];
  const { stdout } = await runProgram('journalctl', argv);
  expect(JSON.parse(stdout.toString('utf8'))).toMatchObject({
    MESSAGE: `${image} is damaged.`,
    PRIORITY: '3',
    SYSLOG_IDENTIFIER: 'bound-images',
  });
});
