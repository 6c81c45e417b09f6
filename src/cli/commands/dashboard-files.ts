/** The built dashboard: its files, and the documents that its page sends. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../errors.ts';
import { systemErrorReason } from '../../lib/system-error.ts';
import { makeOwnDocuments, type DashboardManifest } from '../../server/dashboard-documents.ts';
import { readDashboard, type DashboardSettings } from '../../server/http/dashboard.ts';
import type { DashboardOptions } from '../../server/server.ts';
import { dashboardFolder } from '../package.ts';

/** A dashboard whose page has no tokens yet. */
export interface OpenedDashboard extends Pick<DashboardOptions, 'files' | 'documents'> {
  readonly graph: DashboardSettings['graph'];
}

/** Reads the files and documents for one kind of graph. Rejects with a UsageError if they have not been built. */
export async function openDashboard(graph: DashboardSettings['graph']): Promise<OpenedDashboard> {
  const [files, manifest] = await Promise.all([readDashboard(dashboardFolder), readManifest()]);
  let documents: ReturnType<DashboardOptions['documents']> | null = null;
  return { graph, files, documents: () => (documents ??= makeOwnDocuments(manifest[graph])) };
}

/** The dashboard with these tokens of development mode, or null. */
export function dashboardWith(
  { graph, files, documents }: OpenedDashboard,
  tokens: readonly { readonly title: string; readonly token: string }[] | null,
): DashboardOptions {
  const given = tokens?.map(({ title, token }) => ({ title, token })) ?? null;
  return { files, documents, settings: { graph, tokens: given } };
}

async function readManifest(): Promise<Readonly<Record<DashboardSettings['graph'], DashboardManifest>>> {
  const file = join(dashboardFolder, 'documents.json');
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Record<DashboardSettings['graph'], DashboardManifest>;
  } catch (thrown) {
    throw new UsageError([
      `The documents of the dashboard in ${file} cannot be read: ${systemErrorReason(thrown)}.`,
    ]);
  }
}
