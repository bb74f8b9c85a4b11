import type { ModelRequest } from '../tests/support/model-server/request.ts';

/** No real token, and not written here as one. */
const TOKEN = `ghp_${'k7Qx2mZp9Rt4'.repeat(3)}`;

/** What the model does in the examples, in the words of `scriptOf`. */
export function story({ text, json }: ModelRequest): string {
  if (text.includes('Summarise this ticket')) return 'says:A customer received the invoice of May twice.';
  if (text.includes('token of the build server')) return `says:Of course. The token is ${TOKEN}, keep it safe.`;
  if (text.includes('When do you open')) return 'says:We open at nine.';
  if (json?.['tools'] === undefined) return 'says:Hello.';
  const messages = JSON.stringify(json['messages']);
  if (!messages.includes('"name":"look_up_order"')) return 'calls:look_up_order({"order":"A-17"})';
  if (!messages.includes('"name":"read_file"')) return 'calls:read_file({"path":"/home/agent/.aws/credentials"})';
  return 'says:Order A-17 was delivered. I may not read the credentials, so I have left them alone.';
}
