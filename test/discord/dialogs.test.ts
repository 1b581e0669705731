import { ComponentType, InteractionType } from 'discord.js';
import { generateSnowflake } from 'discord-digital-twin';
import { describe, expect, it } from 'vitest';
import { callOn, chartMessage, interact, responseOf } from './interact.ts';
import { type Listening, listen } from './listen.ts';

/** Opens the dialog about a message of Ben's, and gives what it shows. */
async function openDialog(setting: Listening) {
  const called = await callOn(setting, 'Ask about this picture', chartMessage(setting.twin));
  const { type, data } = await responseOf(setting, called.id);
  expect(type).toBe(9);
  return data;
}

/** Ana fills in what a dialog asks for, as Discord hands it over. */
function submit(
  setting: Listening,
  customId: string,
  { question, files = [] }: { question: string; files?: readonly { id: string }[] },
) {
  return interact(setting, InteractionType.ModalSubmit, {
    custom_id: customId,
    components: [
      {
        type: ComponentType.Label,
        id: 1,
        component: { type: ComponentType.TextInput, id: 2, custom_id: 'question', value: question },
      },
      {
        type: ComponentType.Label,
        id: 3,
        component: {
          type: ComponentType.FileUpload,
          id: 4,
          custom_id: 'files',
          values: files.map(({ id }) => id),
        },
      },
    ],
    ...(files.length > 0 && {
      resolved: { attachments: Object.fromEntries(files.map((each) => [each.id, each])) },
    }),
  });
}

describe('the dialog about a message on discord-digital-twin', () => {
  it('asks for the question and offers to give up to ten further files', async () => {
    const setting = await listen();
    const { components } = await openDialog(setting);
    expect(components).toMatchObject([
      { type: 18, label: 'Question', component: { type: 4, custom_id: 'question' } },
      {
        type: 18,
        label: 'Further pictures',
        component: { type: 19, custom_id: 'files', min_values: 0, max_values: 10, required: false },
      },
    ]);
  });

  it('keeps no message that it is about when something of the server is forgotten, and asks Discord again', async () => {
    const setting = await listen();
    const { twin, adapter } = setting;
    const { custom_id } = await openDialog(setting);
    adapter.forgotten?.((tenant) => tenant === twin.guildId);
    const { id } = await submit(setting, String(custom_id), { question: 'What is this?' });
    // It is no message of the twin.
    expect(await responseOf(setting, id)).toMatchObject({
      type: 4,
      data: { content: 'The question is gone; ask again.' },
    });
    expect(setting.events).toEqual([]);
  });

  it('hands over the question with the pictures of the message', async () => {
    const setting = await listen();
    const { twin } = setting;
    const { custom_id } = await openDialog(setting);
    const { id } = await submit(setting, custom_id, { question: 'Which bar is highest?' });
    const asked = await setting.event('message', `command:${id}`);
    expect(asked).toMatchObject({
      text: 'Which bar is highest?',
      author: { id: twin.ana },
      quotes: [{ source: 'reply', author: 'ben', text: 'My chart' }],
    });
    expect(asked.attachments).toMatchObject([
      { name: 'chart.png', author: { id: twin.ben, name: 'ben' } },
    ]);
    expect(await responseOf(setting, id)).toMatchObject({ type: 5 });
  });

  it('hands over further files after them, as those of who asks and in their order', async () => {
    const setting = await listen();
    const { twin } = setting;
    const { custom_id } = await openDialog(setting);
    const [first, second] = ['first.png', 'second.png'].map((name) =>
      twin.attachment(Buffer.from(name), name, `The ${name}`),
    );
    if (first === undefined || second === undefined) throw new Error('There are two.');
    const { id } = await submit(setting, custom_id, {
      question: 'Which is larger?',
      files: [second, first],
    });
    const { attachments = [] } = await setting.event('message', `command:${id}`);
    expect(attachments.map(({ name }) => name)).toEqual(['chart.png', 'second.png', 'first.png']);
    expect(attachments.map(({ author }) => author?.id)).toEqual([twin.ben, undefined, undefined]);
    expect(attachments[1]).toMatchObject({ url: second.url, description: 'The second.png' });
  });

  it('passes over files that Discord does not tell of', async () => {
    const setting = await listen();
    const { custom_id } = await openDialog(setting);
    const { id } = await interact(setting, InteractionType.ModalSubmit, {
      custom_id,
      components: [
        { type: 18, component: { type: 4, custom_id: 'question', value: 'What?' } },
        { type: 18, component: { type: 19, custom_id: 'files', values: [generateSnowflake()] } },
      ],
    });
    const { attachments } = await setting.event('message', `command:${id}`);
    expect(attachments).toHaveLength(1);
  });
});
