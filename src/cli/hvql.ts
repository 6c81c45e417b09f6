#!/usr/bin/env node
/**
 * The entry point of the bundle. Plugins must share packages with the program, above all graphql, but a bundle contains
 * its own copies. With plugins, the separate modules in dist therefore run instead.
 */
const wantsPlugins =
  process.argv.some((word) => /^--plugin(?:=|$)/.test(word)) || process.env['HVQL_PLUGIN'] !== undefined;

if (wantsPlugins) await import(new URL('main.js', import.meta.url).href);
else await import('./main.ts');

export {};
