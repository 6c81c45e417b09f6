/** Serves the dashboard: its page at "/", and its files as build.js has made them in dist/dashboard. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../errors.ts';
import { systemErrorReason } from '../../lib/system-error.ts';
import { sendAsset, isAssetType, type Asset, type AssetRequest } from './asset.ts';

/** Where the files are. */
export const dashboardFolder = '/dashboard/';

/** The page's `src` and `href` attributes and the settings that the service puts into it need nothing beside this. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** What stands in the built page in place of the settings. */
const settingsMark = /\{\s*"settings":\s*"of the service"\s*\}/;

/** What the service puts into its page. */
export interface DashboardSettings {
  /** Which graph it meets: that of one host, or that of a fleet. */
  readonly graph: 'host' | 'fleet';
  /** In development mode, the tokens of callers, the first of which it uses; null otherwise. */
  readonly tokens: readonly { readonly title: string; readonly token: string }[] | null;
}

/** The built page and its files. */
export interface DashboardFiles {
  readonly html: string;
  readonly assets: ReadonlyMap<string, Asset>;
}

/** Reads the files. Rejects with a UsageError where they have not been built. */
export async function readDashboard(folder: string): Promise<DashboardFiles> {
  try {
    const [html, names] = await Promise.all([
      readFile(join(folder, 'index.html'), 'utf8'),
      readdir(join(folder, 'assets')),
    ]);
    const assets = await Promise.all(
      names.flatMap((name) => {
        const type = name.slice(name.lastIndexOf('.') + 1);
        return isAssetType(type) ? [readAsset(folder, { name, type })] : [];
      }),
    );
    return { html, assets: new Map(assets.map((asset) => [asset.path, asset])) };
  } catch (thrown) {
    throw new UsageError([
      `The files of the dashboard in ${folder} cannot be read: ${systemErrorReason(thrown)}. ` +
        'Build them with "npm run build", or serve without them: --dashboard off.',
    ]);
  }
}

async function readAsset(
  folder: string,
  { name, type }: { readonly name: string; readonly type: Asset['type'] },
): Promise<Asset> {
  const file = join(folder, 'assets', name);
  const [plain, gzipped, brotli] = await Promise.all([
    readFile(file),
    readFile(`${file}.gz`),
    readFile(`${file}.br`),
  ]);
  return { path: `${dashboardFolder}assets/${name}`, type, gzipped, brotli, plain: () => plain };
}

/** The page of one listener, with its settings in it. */
export class Dashboard {
  readonly #html: Buffer;
  readonly #assets: ReadonlyMap<string, Asset>;

  constructor({ html, assets }: DashboardFiles, settings: DashboardSettings) {
    // JSON within its script: nothing in it can end the element or begin a comment.
    const embedded = JSON.stringify(settings).replaceAll('<', '\\u003c');
    this.#html = Buffer.from(html.replace(settingsMark, () => embedded));
    this.#assets = assets;
  }

  /** Sends the page. */
  sendPage({ request, response }: AssetRequest): void {
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-length': this.#html.length,
      'content-security-policy': contentSecurityPolicy,
      // It may hold tokens.
      'cache-control': 'no-store',
      vary: 'accept',
    });
    response.end(request.method === 'HEAD' ? undefined : this.#html);
  }

  /** Sends the file at the path of the request; false without such a file. */
  async sendAsset(exchange: AssetRequest): Promise<boolean> {
    const asset = this.#assets.get(exchange.path);
    if (asset === undefined) return false;
    await sendAsset(asset, exchange);
    return true;
  }
}
