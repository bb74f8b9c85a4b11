import { adapterOf, isRealtime, operationPath } from '../../../../sdk/agent/src/wrap/adapter-of.ts';

describe('what an operation means', () => {
  it.each([
    ['/chat/completions', 'chat'],
    ['/deployments/d-1/chat/completions', 'chat'],
    ['https://gateway.example.com/proxy/v1/chat/completions?api-version=1', 'chat'],
    ['/completions', 'text_completion'],
    ['/responses?beta=true', 'chat'],
    ['/v1/some/../messages/', 'chat'],
    ['/responses/resp_0123456789/cancel', 'responses.cancel'],
    ['/embeddings', 'embeddings'],
    ['/v1/messages?beta=true', 'chat'],
    ['/v1/messages/count_tokens', 'count_tokens'],
    ['/v1/messages/batches', 'batch'],
    ['/threads/thread_0123456789/messages', 'threads.messages'],
    ['/images/generations', 'images.generations'],
    ['/', 'request'],
  ])('is told by its path: %s', (path, operation) => {
    expect(adapterOf(operationPath(path)).operation).toBe(operation);
  });

  it('has answers of a model, or answers about what is kept', () => {
    expect(adapterOf('/threads/thread_0123456789/runs').said).toBeDefined();
    expect(adapterOf('/some/new/operation').said).toBeDefined();
    for (const path of ['/files', '/vector_stores/vs_1/search', '/v1/messages/count_tokens', '/moderations', '/realtime/client_secrets']) {
      expect(adapterOf(operationPath(path)).said).toBeUndefined();
    }
  });

  it('does not depend on host, version and deployment', () => {
    expect(operationPath('/openai/deployments/d-1/audio/speech')).toBe('/audio/speech');
    expect(operationPath('https://host.example/openai/v1/realtime/calls')).toBe('/realtime/calls');
    expect(isRealtime(operationPath('/openai/v1/realtime/sessions'))).toBe(true);
    expect(isRealtime('/responses')).toBe(false);
  });
});
