import { collected } from '../noticed.ts';
import type { OpenAIBehaviour } from './scene.ts';

/** What has no model in it. */
export const LISTS_AND_FILES: readonly OpenAIBehaviour[] = [
  {
    name: 'pagination',
    async run({ client }) {
      const pages: unknown[] = [];
      const first = await client.files.list({ limit: 2 });
      for await (const page of first.iterPages()) pages.push(page.data);
      const { data, response } = await client.models.list().withResponse();
      return { pages, more: first.hasNextPage(), all: await collected(client.files.list({ limit: 2 })), models: data.data, status: response.status };
    },
  },
  {
    name: 'file upload',
    async run({ client, sdk, question }) {
      const lines = '{"input":"It is noon."}\n';
      // What is in a file is nobody's text, so the mark is in the other field of the form.
      const upload = (file: File) => client.files.create({ file, purpose: question() as 'user_data' });
      const toFile = sdk['toFile'] as (bytes: Buffer, name: string) => Promise<File>;
      return [await upload(new File([lines], 'notes.jsonl')), await upload(await toFile(Buffer.from(lines), 'more.jsonl'))];
    },
  },
];
