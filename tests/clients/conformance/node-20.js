// The suite takes globSync from node:fs, for a command that nobody calls here. Node.js has it from 22 on; before that, this
// stands in for it, so that the suite loads. It is given to node by --import.
import * as fs from 'node:fs';
import { register } from 'node:module';

const STAND_IN = `
  export * from 'node:fs';
  export { default } from 'node:fs';
  export const globSync = () => { throw new Error('this Node.js has no globSync'); };`;

const HOOKS = `
  const standIn = 'data:text/javascript,' + encodeURIComponent(${JSON.stringify(STAND_IN)});
  export const resolve = (specifier, context, next) =>
    specifier === 'fs' && context.parentURL?.includes('@modelcontextprotocol/conformance')
      ? { url: standIn, shortCircuit: true }
      : next(specifier, context);`;

if (!('globSync' in fs)) register(`data:text/javascript,${encodeURIComponent(HOOKS)}`);
