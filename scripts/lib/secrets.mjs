import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readJson, writeAtomically, writeJson } from './atomic-file.mjs';

/**
 * What must survive a restart and be read by nobody else: the database passwords and the demo organisation's credentials.
 * @param {string} file
 */
export function openSecrets(file) {
  /** @type {{ superuserPassword: string, appPassword: string, signerPassword: string, purgePassword: string, demo?: Record<string, unknown> }} */
  const values = { superuserPassword: secret(), appPassword: secret(), signerPassword: secret(), purgePassword: secret(), ...readJson(file) };
  const save = () => writeJson(file, values);
  save();
  return {
    superuserPassword: values.superuserPassword,
    appPassword: values.appPassword,
    signerPassword: values.signerPassword,
    purgePassword: values.purgePassword,
    demo: () => values.demo,
    /** @param {Record<string, unknown>} demo */
    keepDemo(demo) {
      values.demo = demo;
      save();
    },
  };
}

/** The key that encrypts event bodies, kept outside both databases. Never replaced: what it encrypted would be lost. @param {string} file */
export function ensureMasterKey(file) {
  if (!existsSync(file)) writeAtomically(file, `${randomBytes(32).toString('hex')}\n`);
}

/** Hexadecimal, so that it needs no escaping in a URL. */
function secret() {
  return randomBytes(24).toString('hex');
}
