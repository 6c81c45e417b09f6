// @ts-check
/**
 * Writes dist/sbom.cdx.json, the CycloneDX SBOM of the package: what package-lock.json installs for running, in the words
 * of `npm sbom`. npm's own --omit=dev leaves out packages that tools need as well, graphql among them, so development
 * packages are taken out here. Without a time or a serial number: the same lock file gives the same SBOM.
 */
import { execSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {{ name: string, value: string }} Property
 * @typedef {{ 'bom-ref': string, name: string, properties?: readonly Property[] }} Component
 * @typedef {{ ref: string, dependsOn: readonly string[] }} Dependency
 * @typedef {{
 *   serialNumber?: string,
 *   metadata: { timestamp?: string, component: Component },
 *   components: readonly Component[],
 *   dependencies: readonly Dependency[],
 * }} Bom
 */

const root = import.meta.dirname;
const command = 'npm sbom --package-lock-only --sbom-format=cyclonedx --sbom-type=application';
const output = execSync(command, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
/** @type {Bom} */
const { serialNumber: _serialNumber, metadata, components, dependencies, ...others } = JSON.parse(output);
const { timestamp: _timestamp, component, ...otherMetadata } = metadata;

/** What runs, as name and version: npm marks a package by one of its places, of which another may be a tool's. */
const lockFile = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
const running = new Set(
  Object.entries(lockFile.packages).flatMap(([path, { version, dev }]) =>
    dev === true ? [] : [`${path.replace(/.*node_modules\//, '')}@${version}`],
  ),
);
const development = 'cdx:npm:package:development';
const kept = components
  .filter(({ 'bom-ref': ref }) => running.has(ref))
  .map(({ properties, ...component }) => {
    const others = properties?.filter(({ name }) => name !== development) ?? [];
    return { ...component, ...(others.length > 0 ? { properties: others } : {}) };
  });
const refs = new Set([component, ...kept].map((each) => each['bom-ref']));
const sbom = {
  ...others,
  // npm calls it after the folder.
  metadata: { ...otherMetadata, component: { ...component, name: 'hvql' } },
  components: kept,
  dependencies: dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => refs.has(each)) })),
};
writeFileSync(join(root, 'dist', 'sbom.cdx.json'), `${JSON.stringify(sbom, null, 2)}\n`);
