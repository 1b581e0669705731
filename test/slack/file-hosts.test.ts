import { expect, it } from 'vitest';
import { checkFileHosts, headersFor } from '../../packages/core/src/media/file-hosts.ts';
import { slackFiles, withToken } from '../../packages/slack/src/fetch-file/fetch-file.ts';

function sentTo(url: string) {
  const hosts = checkFileHosts(withToken(slackFiles, async () => 'xoxb-secret'));
  return headersFor(new URL(url), hosts, () => false);
}

it.each([
  'https://files.slack.com/files-pri/T1-F1/a.png',
  'https://files.slack.com/files-tmb/T1-F1/a_720.png',
  'https://slack-files.com/T1-F1-abc',
  'https://eu.slack-files.com/T1-F1-abc',
])('sends the token of the team to a file host of Slack: %s', async (url) => {
  expect(await sentTo(url)).toEqual({ authorization: 'Bearer xoxb-secret' });
});

it.each([
  'https://slack.com/?redir=%2Ffiles-pri%2FT1-F1%2Fa.png',
  'https://team.slack.com/files-pri/T1-F1/a.png',
  'https://hooks.slack.com/services/T1/B1/x',
  'https://slack.com/api/files.info',
])('fetches from another host of Slack without the token: %s', async (url) => {
  expect(await sentTo(url)).toEqual({});
});

it.each([
  'https://files.slack.com.evil.example/a.png',
  'https://evil-files.slack.com.example/a.png',
  'https://xslack-files.com/a.png',
  'http://files.slack.com/files-pri/T1-F1/a.png',
])('fetches no file of Slack from a foreign host or over http: %s', async (url) => {
  await expect(sentTo(url)).rejects.toMatchObject({ code: 'fetch.refused' });
});
