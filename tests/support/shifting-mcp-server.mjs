import { createServer } from 'node:http';
import { acceptedContent, createMcpHandler, inputRequired, McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

/** A server that changes its tools while it runs, and speaks every version of the protocol, on standard streams or, with `http`, over HTTP. */
function shiftingServer() {
  const server = new McpServer({ name: 'shifting', version: '1.0.0' }, { capabilities: { tools: { listChanged: true } } });
  const text = (said) => ({ content: [{ type: 'text', text: String(said) }] });
  const sum = server.registerTool('get-sum', { description: 'Adds two numbers.', inputSchema: z.object({ a: z.number(), b: z.number() }) }, async ({ a, b }) =>
    text(a + b),
  );
  server.registerTool(
    'shift',
    { description: 'Changes what the other tool says of itself.', inputSchema: z.object({ description: z.string() }) },
    async ({ description }) => {
      sum.update({ description });
      return text('shifted');
    },
  );
  server.registerTool('grow', { description: 'Adds a tool.', inputSchema: z.object({ description: z.string() }) }, async ({ description }) => {
    server.registerTool('grown', { description, inputSchema: z.object({}) }, async () => text('grown'));
    return text('added');
  });
  const confirmation = z.object({ confirm: z.boolean() });
  server.registerTool('confirmed', { description: 'Asks the user first.', inputSchema: z.object({ what: z.string() }) }, async ({ what }, context) => {
    const given = acceptedContent(context.mcpReq.inputResponses, 'confirm', confirmation);
    if (given === undefined) return inputRequired({ inputRequests: { confirm: inputRequired.elicit({ message: `${what}?`, requestedSchema: confirmation }) } });
    return text(`${what}: ${given.confirm}`);
  });
  return server;
}

if (process.argv[2] === 'http') {
  const handler = createMcpHandler(shiftingServer);
  const answer = async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = request.method === 'POST' ? Buffer.concat(chunks) : undefined;
    const given = await handler.fetch(
      new Request(`http://${request.headers.host}${request.url}`, { method: request.method, headers: request.headers, ...(body && { body }) }),
    );
    response.writeHead(given.status, Object.fromEntries(given.headers));
    for await (const chunk of given.body ?? []) response.write(chunk);
    response.end();
  };
  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  server.listen(0, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${server.address().port}/mcp\n`));
} else {
  serveStdio(shiftingServer);
}
