#!/usr/bin/env node
/**
 * Where the bundle of the program begins. Plugins share their packages with the program, first of all graphql, and those
 * of a bundle are its own: with plugins the modules of dist run, one by one.
 */
const wantsPlugins =
  process.argv.some((word) => /^--plugin(?:=|$)/.test(word)) || process.env['HVQL_PLUGIN'] !== undefined;

if (wantsPlugins) await import(new URL('main.js', import.meta.url).href);
else await import('./main.ts');

export {};
